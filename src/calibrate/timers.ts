/** How late are sleeping threads and timers of the main loop? */
import { medianOrNaN, now_ns, sleep, spin, time_ns } from './numbers.ts';

const SLEEP_NS = 300_000;
const SLEEPS = 12;
const TIMERS_MS = [1, 2, 3, 5] as const;
/** Timers begin anywhere within the millisecond that they count in. */
const PHASES_NS = [0, 300_000, 600_000, 900_000] as const;
const NS_PER_MS = 1e6;

export interface TimerCosts {
  readonly sleep_late_ns: number;
  readonly timer_late_ns: number;
}

export async function timerRound(): Promise<TimerCosts> {
  const sleeps_ns = Array.from({ length: SLEEPS }, () => time_ns(() => sleep(SLEEP_NS)) - SLEEP_NS);
  const timers_ns: number[] = [];
  for (const [i, asked_ms] of TIMERS_MS.entries()) {
    spin(PHASES_NS[i] ?? 0);
    const before_ns = now_ns();
    await new Promise((resolve) => setTimeout(resolve, asked_ms));
    timers_ns.push(now_ns() - before_ns - asked_ms * NS_PER_MS);
  }
  return {
    sleep_late_ns: Math.max(0, medianOrNaN(sleeps_ns)),
    timer_late_ns: Math.max(0, medianOrNaN(timers_ns)),
  };
}
