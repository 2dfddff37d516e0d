/** The JavaScript that wasm-bindgen writes beside each build of the engine. */
declare module 'kinora:glue' {
  const glues: Record<'plain' | 'relaxed' | 'threads', import('./engine.js').Glue>;
  export default glues;
}
