const TOKEN = /\s*(?:(\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)|(\*\*|[-+*/^()%]))/iy;
const MAX_LENGTH = 1000;
const MAX_DEPTH = 100;

/** The value of an arithmetic expression. Throws in words where it is none. */
export function calculate(expression: string): number {
  if (expression.length > MAX_LENGTH) throw new Error('the expression is too long');
  const tokens = tokenise(expression.replace(/[×·]/g, '*').replace(/[÷]/g, '/').replace(/[−–]/g, '-'));
  let at = 0;
  let depth = 0;
  const take = (...wanted: string[]): string | undefined => {
    const token = tokens[at];
    if (typeof token !== 'string' || !wanted.includes(token)) return undefined;
    at += 1;
    return token;
  };
  const sum = (): number => {
    let value = product();
    for (let sign = take('+', '-'); sign; sign = take('+', '-')) value += sign === '+' ? product() : -product();
    return value;
  };
  const product = (): number => {
    let value = signed();
    for (let sign = take('*', '/', '%'); sign; sign = take('*', '/', '%')) {
      const by = signed();
      value = sign === '*' ? value * by : sign === '/' ? value / by : value % by;
    }
    return value;
  };
  const signed = (): number => {
    depth += 1;
    if (depth > MAX_DEPTH) throw new Error('the expression is nested too deeply');
    try {
      if (take('-')) return -signed();
      if (take('+')) return signed();
      const base = atom();
      return take('^', '**') ? base ** signed() : base;
    } finally {
      depth -= 1;
    }
  };
  const atom = (): number => {
    const token = tokens[at];
    if (typeof token === 'number') {
      at += 1;
      return token;
    }
    if (!take('(')) throw new Error('a number is missing');
    const value = sum();
    if (!take(')')) throw new Error('a ) is missing');
    return value;
  };
  const value = sum();
  if (at < tokens.length) throw new Error(`${tokens[at]} stands where nothing should`);
  return value;
}

function tokenise(text: string): (number | string)[] {
  const tokens: (number | string)[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`${text.slice(from).trim().slice(0, 12)} is no arithmetic`);
    tokens.push(match[1] === undefined ? (match[2] ?? '') : Number(match[1]));
  }
  return tokens;
}
