import { type Block, blocks } from './markdown.js';

/**
 * A text that is being written. Blocks that are finished are parsed once and stay the same objects, so that whoever shows them
 * can leave them alone; what is not finished is parsed anew.
 */
export class Growing {
  /** How much of the text is finished, and how many blocks that is. */
  private finished = '';
  private known = 0;
  private text = '';
  private readonly all: Block[] = [];

  /** The blocks of `text`, which is usually what it was at the last call, and more. The array is the same each time. */
  blocks(text: string): readonly Block[] {
    if (text === this.text) return this.all;
    if (text.slice(0, this.finished.length) !== this.finished) {
      this.finished = '';
      this.known = 0;
    }
    const lines = text.slice(this.finished.length).split('\n');
    const starts: number[] = [];
    const found = blocks(lines, 0, starts);
    // What follows a block decides where it ends, and only a whole line is what it will be.
    const last = starts.at(-1) ?? 0;
    const ended = last < lines.length - 1 ? found.length - 1 : found.length - 2;
    this.all.splice(this.known, this.all.length, ...found);
    if (ended > 0) {
      this.known += ended;
      this.finished = text.slice(0, text.length - lines.slice(starts[ended]).join('\n').length);
    }
    this.text = text;
    return this.all;
  }
}
