/** The JavaScript that wasm-bindgen writes beside each build of the engine. */
declare module 'kinora:glue' {
  const glues: Record<'plain' | 'relaxed' | 'threads', import('./engine.js').Glue>;
  export default glues;
}

/** The same beside the module that writes GIFs. */
declare module 'kinora:glue/gif' {
  const gif: import('./engine.js').GifGlue;
  export default gif;
}

/** The same beside the module of grammars. */
declare module 'kinora:glue/grammar' {
  const grammar: import('./engine.js').GrammarGlue;
  export default grammar;
}
