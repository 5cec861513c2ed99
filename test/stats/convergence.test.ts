import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Convergence, type Round, type Stuck } from '../../src/stats/convergence.ts';

const SECOND = 1_000_000_000;

/** What is said of rounds of a second each, with so many bytes left and sent. */
function said(left: readonly number[], sent_bytes = 1_000, began_ns = 5 * SECOND): Stuck[] {
  const all: Stuck[] = [];
  const convergence = new Convergence(began_ns, (stuck) => all.push(stuck));
  left.forEach((remaining_bytes, index) => {
    const rounds = index + 1;
    const round: Round = {
      now_ns: began_ns + rounds * SECOND,
      remaining_bytes,
      stream_bytes: rounds * sent_bytes,
    };
    convergence.round(round);
  });
  return all;
}

test('three rounds without less left are told of once, with the rates of these rounds', () => {
  assert.equal(said([500, 700, 800, 900, 900, 900, 900]), [
    { rounds: 3, remaining_bytes: 900, dirty_bytes_per_s: 800, taken_bytes_per_s: 1_000 },
  ]);
  assert.is(said([500, 500, 500]).length, 0, 'two rounds after the first are not three');
  assert.is(said([500, 500, 500, 500]).length, 1, 'the same is not less');
});

test('less left begins the count anew', () => {
  assert.equal(said([500, 600, 600, 499, 600, 600]), []);
  assert.is(said([500, 600, 600, 499, 600, 600, 499]).length, 1);
  assert.is(said([500, 600, 600, 600, 400, 600, 600, 600, 600]).length, 1, 'once is enough');
  assert.equal(said([900, 800, 700, 600, 500, 400, 300, 200, 100, 50]), []);
});

test('rounds that take no time give no infinite rate', () => {
  const all: Stuck[] = [];
  const convergence = new Convergence(0, (stuck) => all.push(stuck));
  for (let i = 0; i < 4; i++) convergence.round({ now_ns: 0, remaining_bytes: 10, stream_bytes: 0 });
  assert.ok(Number.isFinite(all[0]?.dirty_bytes_per_s));
  assert.is(all[0]?.taken_bytes_per_s, 0);
});

test.run();
