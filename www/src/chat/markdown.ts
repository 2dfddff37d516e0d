// The part of Markdown that models write, as data. No HTML, no pictures, no references: what is not understood stays text.
// Every scan goes forward only, so that a megabyte of brackets takes as long as a megabyte of words.

export type Inline =
  | { type: 'text' | 'code'; text: string }
  | { type: 'strong' | 'em' | 'del'; of: Inline[] }
  | { type: 'link'; url: string; host: string; of: Inline[] }
  | { type: 'break' };

export type Block =
  | { type: 'paragraph'; of: Inline[] }
  | { type: 'heading'; level: number; of: Inline[] }
  | { type: 'code'; language: string; text: string }
  | { type: 'quote'; of: Block[] }
  | { type: 'list'; ordered: boolean; start: number; items: Block[][] }
  | { type: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { type: 'rule' };

const MAX_DEPTH = 6;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const ITEM = /^( *)(?:([-*+])|(\d{1,9})[.)])(?: +|$)/;
const RULE = /^ {0,3}(?:(?:\* *){3,}|(?:- *){3,}|(?:_ *){3,})$/;

/** The blocks of a text; a text that is still being written gives what stands so far. */
export function parse(text: string): Block[] {
  return blocks(text.split('\n'), 0);
}

/** The blocks of lines. `starts` gets the line that each begins with. */
export function blocks(lines: readonly string[], depth: number, starts: number[] = []): Block[] {
  const found: Block[] = [];
  for (let i = 0; i < lines.length; ) {
    const line = lines[i] ?? '';
    if (line.trim() === '') {
      i += 1;
      continue;
    }
    starts.push(i);
    const fence = FENCE.exec(line);
    if (fence) {
      const mark = fence[1] ?? '```';
      let end = i + 1;
      while (end < lines.length && !closes(lines[end] ?? '', mark)) end += 1;
      found.push({ type: 'code', language: fence[2] ?? '', text: lines.slice(i + 1, end).join('\n') });
      i = end + 1;
      continue;
    }
    const heading = /^ {0,3}(#{1,6}) +(.*)$/.exec(line);
    if (heading) {
      found.push({
        type: 'heading',
        level: heading[1]?.length ?? 1,
        of: inline((heading[2] ?? '').replace(/ +#+ *$/, '')),
      });
      i += 1;
      continue;
    }
    if (RULE.test(line)) {
      found.push({ type: 'rule' });
      i += 1;
      continue;
    }
    if (depth < MAX_DEPTH && /^ {0,3}>/.test(line)) {
      let end = i;
      while (end < lines.length && /^ {0,3}>/.test(lines[end] ?? '')) end += 1;
      found.push({
        type: 'quote',
        of: blocks(
          lines.slice(i, end).map((l) => l.replace(/^ {0,3}> ?/, '')),
          depth + 1,
        ),
      });
      i = end;
      continue;
    }
    const item = depth < MAX_DEPTH ? ITEM.exec(line) : null;
    if (item) {
      const { list, end } = listAt(lines, i, item, depth);
      found.push(list);
      i = end;
      continue;
    }
    if (
      line.includes('|') &&
      /^ *\|? *:?-+:? *(?:\| *:?-+:? *)*\|? *$/.test(lines[i + 1] ?? '') &&
      (lines[i + 1] ?? '').includes('-')
    ) {
      const head = cells(line);
      let end = i + 2;
      while (end < lines.length && (lines[end] ?? '').includes('|')) end += 1;
      const rows = lines.slice(i + 2, end).map((row) => head.map((_, c) => inline(cells(row)[c] ?? '')));
      found.push({ type: 'table', head: head.map((cell) => inline(cell)), rows });
      i = end;
      continue;
    }
    let end = i + 1;
    while (end < lines.length && !interrupts(lines[end] ?? '', depth)) end += 1;
    found.push({ type: 'paragraph', of: inline(lines.slice(i, end).join('\n')) });
    i = end;
  }
  return found;
}

const closes = (line: string, mark: string): boolean => {
  const end = line.trim();
  return end.length >= mark.length && end.startsWith(mark) && end === mark[0]?.repeat(end.length);
};

function interrupts(line: string, depth: number): boolean {
  if (line.trim() === '' || FENCE.test(line) || /^ {0,3}#{1,6} /.test(line) || RULE.test(line)) return true;
  return depth < MAX_DEPTH && (/^ {0,3}>/.test(line) || ITEM.test(line));
}

function listAt(
  lines: readonly string[],
  from: number,
  first: RegExpExecArray,
  depth: number,
): { list: Block; end: number } {
  const ordered = first[3] !== undefined;
  const indent = first[1]?.length ?? 0;
  const items: Block[][] = [];
  let own: string[] = [];
  let i = from;
  let width = 0;
  for (; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const item = ITEM.exec(line);
    if (item && (item[1]?.length ?? 0) <= indent + 1 && (item[3] !== undefined) === ordered) {
      if ((item[1]?.length ?? 0) < indent) break;
      if (own.length > 0) items.push(blocks(own, depth + 1));
      width = item[0].length;
      own = [line.slice(width)];
    } else if (line.trim() === '') {
      // A blank line belongs to the list only when the list goes on behind it.
      const next = lines[i + 1] ?? '';
      if (!/^ {2,}\S/.test(next) && !(ITEM.test(next) && !RULE.test(next))) break;
      own.push('');
    } else if (/^ {2,}/.test(line)) own.push(line.slice(Math.min(width, line.length - line.trimStart().length)));
    else if (!interrupts(line, depth)) own.push(line);
    else break;
  }
  if (own.length > 0) items.push(blocks(own, depth + 1));
  return { list: { type: 'list', ordered, start: Number(first[3] ?? 1), items }, end: i };
}

const cells = (row: string): string[] =>
  row
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim());

const PUNCTUATION = /[!-/:-@[-`{-~]/;

/** The pieces of a line of text. */
export function inline(text: string, depth = 0): Inline[] {
  const found: Inline[] = [];
  let plain = '';
  const flush = (): void => {
    if (plain) found.push({ type: 'text', text: plain });
    plain = '';
  };
  // A mark that is not closed later is text; once looked for in vain, it is not looked for again.
  const unclosed = new Set<string>();
  const closing = (mark: string, from: number): number => {
    if (unclosed.has(mark)) return -1;
    const at = text.indexOf(mark, from);
    if (at < 0) unclosed.add(mark);
    return at;
  };
  for (let i = 0; i < text.length; ) {
    const c = text[i] ?? '';
    if (c === '\\' && PUNCTUATION.test(text[i + 1] ?? '')) {
      plain += text[i + 1];
      i += 2;
      continue;
    }
    if (c === '`') {
      const run = /^`{1,8}/.exec(text.slice(i, i + 8))?.[0] ?? c;
      const end = closing(run, i + run.length);
      if (end > 0) {
        flush();
        found.push({ type: 'code', text: text.slice(i + run.length, end).replace(/\n/g, ' ') });
        i = end + run.length;
        continue;
      }
      plain += run;
      i += run.length;
      continue;
    }
    const mark = ['**', '__', '~~', '*', '_'].find((m) => text.startsWith(m, i));
    if (mark && depth < MAX_DEPTH && opens(text, i, mark)) {
      const end = closing(mark, i + mark.length + 1);
      if (end > 0 && !/\s/.test(text[end - 1] ?? ' ')) {
        flush();
        const type = mark === '~~' ? 'del' : mark.length === 2 ? 'strong' : 'em';
        found.push({ type, of: inline(text.slice(i + mark.length, end), depth + 1) });
        i = end + mark.length;
        continue;
      }
    }
    if (mark) {
      plain += mark;
      i += mark.length;
      continue;
    }
    const link = c === '[' && depth < MAX_DEPTH ? linkAt(text, i, closing) : undefined;
    if (link) {
      flush();
      found.push({ type: 'link', url: link.url.href, host: link.url.host, of: inline(link.label, MAX_DEPTH) });
      i = link.end;
      continue;
    }
    if (c === '\n') {
      if (plain.endsWith('  ')) {
        plain = plain.trimEnd();
        flush();
        found.push({ type: 'break' });
      } else plain += '\n';
      i += 1;
      continue;
    }
    plain += c;
    i += 1;
  }
  flush();
  return found;
}

/** Whether a mark begins something: a word follows; an underscore does so only between words. */
const opens = (text: string, at: number, mark: string): boolean =>
  !/[\s]|^$/.test(text[at + mark.length] ?? '') &&
  (!mark.startsWith('_') || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? ' '));

/** `[label](address)` with an http or https address; any other is text. A picture's `!` stays text before its link. */
function linkAt(
  text: string,
  at: number,
  closing: (mark: string, from: number) => number,
): { label: string; url: URL; end: number } | undefined {
  const middle = closing('](', at + 1);
  if (middle < 0 || middle - at > 1000) return undefined;
  const end = closing(')', middle + 2);
  if (end < 0 || end - middle > 2000) return undefined;
  const address =
    text
      .slice(middle + 2, end)
      .trim()
      .split(/\s/)[0] ?? '';
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  return { label: text.slice(at + 1, middle), url, end: end + 1 };
}

/** Text for the clipboard: without tag characters and controls of writing direction, which could hide words in it. */
export function clean(text: string): string {
  return text.replace(/[\u{E0000}-\u{E007F}\u202A-\u202E\u2066-\u2069]/gu, '');
}
