/** Written by the build from the files it found: what this copy of the package ships. */
declare module 'kinora:models' {
  export const models: readonly {
    name: 'text' | 'motion' | 'paint' | 'refine';
    file: string;
    bytes: number;
    sha256: string;
    url: () => URL;
  }[];
}
