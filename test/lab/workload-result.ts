export interface WorkloadResult {
  /** 'ok', or 'FAIL' with the detail, by the check's name. */
  readonly checks: Map<string, string>;
  readonly ok: number;
  readonly failed: number;
  /** False when the guest's own count is missing or differs from the lines that were seen. */
  readonly complete: boolean;
}

/** Reads `CHECK <name> ok|FAIL <detail>` and `RESULT <ok> <failed>` from a serial log's lines. */
export function parseWorkload(lines: readonly string[]): WorkloadResult {
  const checks = new Map<string, string>();
  let counted: { ok: number; failed: number } | undefined;
  for (const line of lines) {
    const check = /\bCHECK (\S+) (ok|FAIL.*)$/.exec(line.trimEnd());
    if (check) checks.set(check[1] ?? '', check[2] ?? '');
    const result = /\bRESULT (\d+) (\d+)$/.exec(line.trimEnd());
    if (result) counted = { ok: Number(result[1]), failed: Number(result[2]) };
  }
  const ok = [...checks.values()].filter((verdict) => verdict === 'ok').length;
  const failed = checks.size - ok;
  return { checks, ok, failed, complete: counted?.ok === ok && counted.failed === failed };
}
