import type { Wish } from './take.js';

/** A film's wish as the page's address: what stands after # is never sent to a server. */
export function shareLink(wish: Wish): string {
  const query = new URLSearchParams({
    idea: wish.idea,
    seed: String(wish.seed),
    shots: String(wish.shots),
    style: wish.style,
  });
  return `${location.href.split('#')[0]}#${query}`;
}

/** The wish in an address, as far as it makes sense. */
export function readLink(hash: string): Partial<Wish> | undefined {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const idea = query.get('idea')?.slice(0, 2000);
  if (!idea) return undefined;
  const wish: Partial<Wish> = { idea };
  const whole = (name: string, from: number, to: number): number | undefined => {
    const value = Number.parseInt(query.get(name) ?? '', 10);
    return value >= from && value <= to ? value : undefined;
  };
  const seed = whole('seed', 0, 0xffff_ffff);
  const shots = whole('shots', 1, 6);
  const style = query.get('style');
  if (seed !== undefined) wish.seed = seed;
  if (shots !== undefined) wish.shots = shots;
  if (style && STYLES.includes(style)) wish.style = style;
  return wish;
}

/** The painter's own style, and those that the embedded refiner draws. */
export const STYLES = ['flat', 'paper', 'watercolor', 'pencil', 'crayon', 'film'];
