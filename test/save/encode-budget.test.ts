import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EncodeBudget } from '../../src/save/encode-budget.ts';

const US = 1_000;

test('a fixed budget stays what it is, however long encodes take', () => {
  for (const pages of [1, 64, 5_000]) {
    const budget = new EncodeBudget(pages);
    for (const took_ns of [0, 1, 10 ** 9, 0]) {
      budget.used(pages, took_ns);
      assert.is(budget.pages, pages);
    }
  }
});

test('it begins with 1,024 pages, and halves down to 64 while encodes take more than 200 us', () => {
  const budget = new EncodeBudget(undefined);
  const seen = [budget.pages];
  for (let i = 0; i < 6; i++) {
    budget.used(budget.pages, 200 * US + 1);
    seen.push(budget.pages);
  }
  assert.equal(seen, [1024, 512, 256, 128, 64, 64, 64]);
});

test('it doubles up to 1,024 while whole encodes take less than 100 us', () => {
  const budget = new EncodeBudget(undefined);
  for (let i = 0; i < 4; i++) budget.used(budget.pages, 1_000 * US);
  const seen = [budget.pages];
  for (let i = 0; i < 5; i++) {
    budget.used(budget.pages, 100 * US - 1);
    seen.push(budget.pages);
  }
  assert.equal(seen, [64, 128, 256, 512, 1024, 1024]);
});

test('from 100 to 200 us, both included, it stays', () => {
  const budget = new EncodeBudget(undefined);
  budget.used(1024, 1_000 * US);
  for (const took_ns of [100 * US, 150 * US, 200 * US]) {
    budget.used(512, took_ns);
    assert.is(budget.pages, 512);
  }
});

test('an encode that was cut short by room or by the end of the pass does not let it grow', () => {
  const budget = new EncodeBudget(undefined);
  budget.used(1024, 1_000 * US);
  budget.used(511, 0);
  assert.is(budget.pages, 512);
});

test('64 pages or fewer that take long say nothing of how long more would', () => {
  const budget = new EncodeBudget(undefined);
  budget.used(64, 10 ** 9);
  assert.is(budget.pages, 1024);
  budget.used(65, 10 ** 9);
  assert.is(budget.pages, 512);
});

test('with pages that cost the same, it settles within five encodes where one takes at most 200 us', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30_000 }), fc.nat(12), (page_ns, halvings) => {
      const budget = new EncodeBudget(undefined);
      for (let i = 0; i < halvings; i++) budget.used(budget.pages, 10 ** 9);
      const encode = () => budget.used(budget.pages, budget.pages * page_ns);
      for (let i = 0; i < 5; i++) encode();
      const { pages } = budget;
      assert.ok(pages === 64 || pages * page_ns <= 200 * US, `${pages} pages of ${page_ns} ns`);
      assert.ok(pages === 1024 || pages * page_ns >= 100 * US, `${pages} pages of ${page_ns} ns`);
      for (let i = 0; i < 5; i++) {
        encode();
        assert.is(budget.pages, pages, 'it does not go to and fro');
      }
    }),
  );
});

test('whatever happens it is a whole number from 64 to 1,024', () => {
  const uses = fc.array(fc.tuple(fc.nat(1_100), fc.nat(400 * US)), { minLength: 5, maxLength: 100 });
  fc.assert(
    fc.property(uses, (list) => {
      const budget = new EncodeBudget(undefined);
      for (const [pages, took_ns] of list) {
        // an encode that used its budget up, every other time
        budget.used(pages % 2 === 0 ? pages : budget.pages, took_ns);
        assert.ok(Number.isInteger(budget.pages) && budget.pages >= 64 && budget.pages <= 1024);
      }
    }),
  );
});

test.run();
