/** What stands where in the RAM of a modelled guest. */

import { Prng } from '../guest/synthetic/prng.ts';
import { layoutRuns } from '../guest/synthetic/runs.ts';
import { Random } from './scenario/random.ts';

/** What a page of RAM is, before the guest goes on. */
export type PageKind = 'content' | 'zero' | 'untouched';

/** A run of pages of one kind. */
export interface Stretch {
  readonly first: number;
  readonly count: number;
  readonly kind: PageKind;
}

export interface LayoutOptions {
  readonly pages: number;
  readonly content_pages: number;
  readonly layout: 'boot' | 'runs';
  readonly islands: number;
  /** Share of the zero pages that were touched before. */
  readonly touched_share: number;
  readonly seed: number;
}

/** The share of the content that stands at the bottom, and at the top: kernel and initrd, page array. */
const BOTTOM_SHARE = 0.4;
const TOP_SHARE = 0.3;

/** All pages of a guest as stretches, from page 0 on. */
export function layoutGuest(options: LayoutOptions): Stretch[] {
  const clusters = options.layout === 'boot' ? bootClusters(options) : workloadRuns(options);
  const stretches: Stretch[] = [];
  let at = 0;
  const add = (count: number, kind: PageKind): void => {
    if (count > 0) stretches.push({ first: at, count, kind });
    at += count;
  };
  const addZero = (count: number): void => {
    // freed memory lies beside what is used
    const touched = Math.round(count * options.touched_share);
    add(touched, 'zero');
    add(count - touched, 'untouched');
  };
  for (const { first, count } of clusters) {
    addZero(first - at);
    add(count, 'content');
  }
  addZero(options.pages - at);
  return stretches;
}

interface Cluster {
  readonly first: number;
  readonly count: number;
}

/** The runs of the synthetic workloads, so that a real save of one can be compared. */
function workloadRuns({ pages, content_pages, seed }: LayoutOptions): Cluster[] {
  return layoutRuns(pages, (pages - content_pages) / pages, new Prng(seed)).filter((run) => !run.is_zero);
}

/** One cluster at the bottom, one at the top, and islands of the rest between them, all at random places. */
function bootClusters({ pages, content_pages, islands, seed }: LayoutOptions): Cluster[] {
  const random = new Random(seed, 'layout');
  const bottom = Math.round(content_pages * (islands > 0 ? BOTTOM_SHARE : BOTTOM_SHARE / (1 - TOP_SHARE)));
  const top = Math.round(content_pages * (islands > 0 ? TOP_SHARE : 1)) - (islands > 0 ? 0 : bottom);
  const island_pages = divide(content_pages - bottom - top, islands, random);
  const gaps = divide(pages - content_pages, islands + 1, random);
  const clusters: Cluster[] = [{ first: 0, count: bottom }];
  let at = bottom;
  for (const [i, count] of island_pages.entries()) {
    at += gaps[i] ?? 0;
    clusters.push({ first: at, count });
    at += count;
  }
  clusters.push({ first: pages - top, count: top });
  return clusters.filter(({ count }) => count > 0);
}

/** Divides a number at places that are each as likely as any other. */
function divide(total: number, parts: number, random: Random): number[] {
  const cuts = Array.from({ length: Math.max(0, parts - 1) }, () => random.below(total + 1));
  const places = [0, ...cuts.sort((a, b) => a - b), total];
  return Array.from({ length: parts }, (_, i) => (places[i + 1] ?? 0) - (places[i] ?? 0));
}
