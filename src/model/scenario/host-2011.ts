/** Costs of an ordinary host of 2011, each as a range with its ground. */
import { COSTS_SCHEMA } from '../../results/schemas.ts';
import type { CostSet } from './costs.ts';

/**
 * A server of 2009 to 2011 (Nehalem or the like, 2.5 to 3 GHz, DDR3-1066), Linux 2.6.32 to 3.1, QEMU 0.14 to 1.0.
 * No such machine was at hand: where a number was measured, it was on one of today, and is scaled.
 */
export const HOST_2011: CostSet = {
  schema: COSTS_SCHEMA,
  name: 'host-2011',
  about: 'an ordinary host of 2011 with KVM: ranges by reasoning, not by measurement',
  costs: {
    zero_page_ns: {
      value: [700, 1300],
      ground: 'is_dup_page of QEMU 1.0: 1,024 compares of 32 bits, on memory that is not in the cache',
    },
    zero_hot_page_ns: {
      value: [370, 550],
      ground: 'the same in the cache: 270 ns with scalar code on a core of today, x 1.4 to 2',
    },
    normal_page_ns: {
      value: [800, 1400],
      ground: 'the compare ends at the first words; copying 4 KiB at 3 to 5 GB/s',
    },
    fault_ns: {
      value: [500, 1200],
      ground: 'minor fault that maps the zero page: 320 ns on a machine of today, x 1.6 to 4',
    },
    reset_page_ns: {
      value: [0, 700],
      ground: 'cpu_physical_memory_reset_dirty goes over the TLB of every vCPU, unless KVM guards it',
    },
    encode_call_ns: { value: [50, 100], ground: 'a function call and a walk to the next dirty byte' },
    iterate_call_ns: { value: [500, 2000], ground: 'put_ready down to the send loop: some calls in C' },
    resume_call_ns: { value: [500, 2000], ground: 'as iterate_call_ns: QEMU does not try a full pipe again' },
    sync_call_ns: {
      value: [400_000, 2_000_000],
      ground: 'KVM_GET_DIRTY_LOG of 2 to 4 slots of a 2 GiB guest, with write-protection (weak)',
    },
    sync_page_ns: { value: 0, ground: 'in sync_call_ns, which is for a guest of 2 GiB' },
    walk_page_ns: { value: [1, 2.5], ground: 'a byte a page in phys_dirty, 3 to 7 cycles each' },
    write_call_ns: { value: [500, 1500], ground: 'a system call and a wake-up of the reader' },
    wake_call_ns: { value: 0, ground: 'in write_call_ns and read_call_ns' },
    write_byte_ns: { value: [0.286, 0.667], ground: 'pipes of the time: 1.5 to 3.5 GB/s' },
    rewrite_call_ns: { value: [200, 500], ground: 'as eagain_call_ns' },
    eagain_call_ns: { value: [200, 500], ground: 'a system call that finds the pipe full' },
    read_call_ns: { value: [500, 1500], ground: 'as write_call_ns' },
    read_byte_ns: { value: [0.286, 0.667], ground: 'as write_byte_ns' },
    wait_call_ns: { value: [200, 500], ground: 'qemu_set_fd_handler: an entry in a list' },
    notify_call_ns: { value: [1000, 3000], ground: 'select returns, handlers are gone through' },
    turn_ns: { value: [5000, 20_000], ground: 'main_loop_wait: select, bottom halves, timers' },
    wake_ns: { value: [4000, 12_000], ground: 'scheduler and exit from C1' },
    wake_idle_ns: { value: [30_000, 120_000], ground: 'exit from C3 or C6 and a cold cache' },
    idle_after_ns: { value: 200_000, ground: 'the menu governor takes deep states for longer idling' },
    sleep_late_ns: { value: [50_000, 60_000], ground: 'timer slack of 50 us (prctl(2), PR_SET_TIMERSLACK)' },
    timer_grain_ns: { value: 1, ground: 'dynticks: timers are set to the nanosecond' },
    timer_late_ns: { value: [50_000, 1_000_000], ground: 'timer slack, and 1 ms in the alarm of some hosts' },
    file_call_ns: { value: [500, 1500], ground: 'as write_call_ns' },
    file_byte_ns: { value: [0.4, 1], ground: 'a page allocated and copied: 1 to 2.5 GB/s' },
    direct_call_ns: { value: [50_000, 150_000], ground: '256 pages pinned and mapped for the disk' },
    memmove_byte_ns: { value: [0.2, 0.4], ground: 'memory bandwidth of the time: 5 to 10 GB/s, both ways' },
    switch_ns: { value: [1500, 3000], ground: 'a context switch with cold registers and TLB' },
  },
};
