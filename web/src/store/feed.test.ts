import { expect, test } from 'vitest';
import { Incoming } from '../worker/incoming.js';
import { CHUNK } from './chunks.js';
import { AHEAD, Feed } from './feed.js';

const SIZE = 9 * CHUNK + 5;

function pair(): { feed: Feed; incoming: Incoming; stop: AbortController } {
  const { port1, port2 } = new MessageChannel();
  const stop = new AbortController();
  return { feed: new Feed(port1, stop.signal), incoming: new Incoming(port2, stop.signal), stop };
}

/** Piece `i` of a file whose every byte tells its piece. */
const piece = (i: number): Uint8Array<ArrayBuffer> => new Uint8Array(Math.min(CHUNK, SIZE - i * CHUNK)).fill(i + 1);

test('pieces wait for the engine, are read across their borders, and are let go', async () => {
  const { feed, incoming } = pair();
  let sent = 0;
  const sending = (async () => {
    feed.begin(SIZE, 100);
    for (let i = 0; i * CHUNK < SIZE; i++) {
      await feed.piece(i, piece(i));
      sent += 1;
    }
    feed.close();
  })();
  expect(await incoming.until(0)).toBe(true);
  expect([incoming.size, incoming.header]).toEqual([SIZE, 100]);
  expect(await incoming.until(CHUNK + 1)).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(sent).toBeLessThanOrEqual(AHEAD + 2);
  const across = new Uint8Array(4);
  incoming.read(CHUNK - 2, across);
  expect([...across]).toEqual([1, 1, 2, 2]);
  incoming.release(CHUNK);
  expect(() => incoming.read(CHUNK - 1, across)).toThrow('is not here');
  incoming.read(CHUNK, across);
  expect(await incoming.until(SIZE)).toBe(true);
  incoming.read(SIZE - 4, across);
  expect([...across]).toEqual([10, 10, 10, 10]);
  expect(() => incoming.read(SIZE - 3, across)).toThrow('is not here');
  await sending;
  incoming.close();
});

test('a file that changed under way begins anew; one that is cut off is told', async () => {
  const { feed, incoming } = pair();
  feed.begin(SIZE, 0);
  await feed.piece(0, piece(7));
  expect(await incoming.until(1)).toBe(true);
  feed.again();
  expect(await incoming.until(CHUNK + 1)).toBe(false);
  incoming.renew();
  feed.begin(CHUNK + 1, 0);
  await feed.piece(0, piece(0));
  const first = new Uint8Array(1);
  expect(await incoming.until(1)).toBe(true);
  incoming.read(0, first);
  expect([...first]).toEqual([1]);
  feed.close();
  await expect(incoming.until(CHUNK + 1)).rejects.toMatchObject({ code: 'download_stopped' });
  incoming.close();
});

test('an engine that takes no more does not hold the download up, and a stop ends the wait', async () => {
  const { feed, incoming } = pair();
  feed.begin(SIZE, 0);
  incoming.close();
  await feed.piece(AHEAD + 4, piece(1));
  const other = pair();
  const waiting = other.incoming.until(0);
  other.stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
});
