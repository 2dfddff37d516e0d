import { expect, test } from 'vitest';
import { toSrt, toVtt } from './captions.js';

const cues = [
  { start: 0, end: 2.75, text: 'A robot\n\nwalks.' },
  { start: 3661.0005, end: 3662, text: '1 < 2 --> & "so"' },
];

test('WebVTT keeps each cue one block, with markup escaped', () => {
  expect(toVtt(cues)).toBe(
    'WEBVTT\n\n1\n00:00:00.000 --> 00:00:02.750\nA robot walks.\n\n2\n01:01:01.001 --> 01:01:02.000\n1 &lt; 2 --&gt; &amp; "so"\n',
  );
});

test('SubRip uses commas and leaves the text as it is', () => {
  expect(toSrt(cues)).toBe(
    '1\n00:00:00,000 --> 00:00:02,750\nA robot walks.\n\n2\n01:01:01,001 --> 01:01:02,000\n1 < 2 --> & "so"\n',
  );
});
