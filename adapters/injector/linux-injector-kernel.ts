import type { InjectorKernel } from '../../core/injector/injector-kernel.js';
import { createSocketPair, SOCK_DGRAM, sendWithDescriptors } from '../linux/descriptor-passing.js';
import { allocate } from '../linux/memory.js';
import { hotSyscalls, systemCall } from '../linux/native.js';
import * as ptrace from '../linux/ptrace.js';
import { isAnonymousMemory, readThreadMemory, writeThreadMemory } from '../linux/ptrace-memory.js';
import { sleepUs } from '../linux/wait.js';
import { countFilters, isThreadAlive, isTracedByInjector } from './environment.js';
import { crashPoint, hasRemedy } from './test-hooks.js';

const KCMP_FILE = 0;
const pageBytes = 4096;

/** The kernel that the injector runs on. */
export const linuxInjectorKernel: InjectorKernel = {
  get numbers() {
    return hotSyscalls().numbers;
  },
  allocate: () => allocate(pageBytes),
  nowMs: () => performance.now(),
  sleepUs,
  seize: ptrace.seize,
  interrupt: ptrace.interrupt,
  resume: ptrace.resume,
  resumeToSyscall: ptrace.resumeToSyscall,
  detach: ptrace.detach,
  setOptions: ptrace.setOptions,
  getRegisters: ptrace.getRegisters,
  setRegisters: ptrace.setRegisters,
  getSignalMask: ptrace.getSignalMask,
  setSignalMask: ptrace.setSignalMask,
  killTraced: ptrace.killTraced,
  readThreadMemory,
  writeThreadMemory,
  isAnonymousMemory,
  ioctl: (descriptor, command, address) => systemCall('ioctl', descriptor, command, address),
  close: (descriptor) => systemCall('close', descriptor),
  createSocketPair: (ends) => createSocketPair(SOCK_DGRAM, ends),
  sendWithDescriptors,
  isSameOpenFile: (threadId, ours, theirs) =>
    systemCall('kcmp', process.pid, threadId, KCMP_FILE, ours, theirs) === 0,
  countFilters,
  isTracedByInjector,
  isThreadAlive,
  hasRemedy,
  crashPoint,
};
