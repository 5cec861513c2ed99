import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Blackout } from '../../src/stats/blackout.ts';

const MS = 1_000_000;

test('a request falls due every 10 ms from the start', () => {
  const blackout = new Blackout(3 * MS);
  assert.is(blackout.next_due_ns, 13 * MS);
  blackout.answered(13 * MS - 1);
  assert.is(blackout.count, 0);
  blackout.answered(13 * MS);
  assert.is(blackout.count, 1);
  assert.is(blackout.next_due_ns, 23 * MS);
});

test('none fell due: all zero', () => {
  assert.equal(new Blackout(0).summary_ms(), { p50: 0, p99: 0, max: 0 });
});

test('a stall of a second is a hundred samples, from 0 to 990 ms late', () => {
  const blackout = new Blackout(0);
  blackout.answered(1000 * MS);
  assert.is(blackout.count, 100);
  // 0, 10, 20 ... 990: the 50th is 490, the 99th is 980
  assert.equal(blackout.summary_ms(), { p50: 490, p99: 980, max: 990 });
});

test('lateness is from when it fell due, not from the last answer', () => {
  const blackout = new Blackout(0);
  blackout.answered(12 * MS);
  blackout.answered(27 * MS + 500_400);
  assert.equal(blackout.summary_ms(), { p50: 2, p99: 7.5, max: 7.5 });
  assert.is(blackout.next_due_ns, 30 * MS);
});

test('answering twice at once answers nothing twice', () => {
  const blackout = new Blackout(0);
  blackout.answered(45 * MS);
  blackout.answered(45 * MS);
  blackout.answered(44 * MS);
  assert.is(blackout.count, 4);
});

test('more samples than the first array holds are all kept', () => {
  const blackout = new Blackout(0);
  // 50 s late at once, then an hour on time
  blackout.answered(50_000 * MS);
  for (let at_ms = 50_010; at_ms <= 3_600_000; at_ms += 10) blackout.answered(at_ms * MS);
  assert.is(blackout.count, 360_000);
  // 5,000 of 360,000 are late, the 356,400th by 50 s * 1,400 / 5,000, less the 10 ms of the first that is not
  assert.equal(blackout.summary_ms(), { p50: 0, p99: 13_990, max: 49_990 });
});

test('any answers: each request once, by the first answer at or after it', () => {
  const answers = fc.array(fc.nat(300 * MS), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.nat(1e12), answers, (start_ns, gaps_ns) => {
      const blackout = new Blackout(start_ns);
      const times_ns: number[] = [];
      for (const gap_ns of gaps_ns) times_ns.push((times_ns.at(-1) ?? start_ns) + gap_ns);
      for (const time_ns of times_ns) blackout.answered(time_ns);
      const late_ns: number[] = [];
      for (let number = 1; ; number++) {
        const due_ns = start_ns + number * 10 * MS;
        const answer_ns = times_ns.find((time_ns) => time_ns >= due_ns);
        if (answer_ns === undefined) break;
        late_ns.push(answer_ns - due_ns);
      }
      late_ns.sort((a, b) => a - b);
      assert.is(blackout.count, late_ns.length);
      const us = (ns: number): number => Math.round(ns / 1000) / 1000;
      const atLeast = (share: number): number =>
        late_ns.find((_, index) => (index + 1) * 100 >= share * late_ns.length) ?? 0;
      assert.equal(blackout.summary_ms(), {
        p50: us(atLeast(50)),
        p99: us(atLeast(99)),
        max: us(late_ns.at(-1) ?? 0),
      });
    }),
  );
});

test.run();
