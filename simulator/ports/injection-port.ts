import type { RequestRecord } from '../../core/request/record.js';

/** Where requests go that need the injector. */
export interface InjectionPort {
  submit(
    record: RequestRecord,
    listener: { readonly descriptor: number },
    descriptor: number,
    closeOnExec: boolean,
  ): number;
  withdraw(
    record: RequestRecord,
    listener: { readonly descriptor: number },
    descriptor: number,
    number: number,
  ): number;
  query(record: RequestRecord): void;
}
