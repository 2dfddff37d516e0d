/** `182 MB`, `1.3 GB`. */
export function megabytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** `7.4 tok/s`, `41 tok/s` */
export const perSecond = (tokens: number): string => `${tokens < 10 ? tokens.toFixed(1) : Math.round(tokens)} tok/s`;

/** `135 M`, `1.7 B` parameters. */
export function millions(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} B`;
  return count >= 1e6 ? `${Math.round(count / 1e6)} M` : `${Math.round(count / 1e3)} k`;
}

/** `about 6 s left` */
export function timeLeft(ms: number | null | undefined): string {
  if (ms == null) return '';
  const seconds = Math.ceil(ms / 1000);
  if (seconds <= 1) return 'a moment left';
  return seconds < 90 ? `about ${seconds} s left` : `about ${Math.round(seconds / 60)} min left`;
}

/** Gives the person a file. */
export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
