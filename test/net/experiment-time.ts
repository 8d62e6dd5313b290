/**
 * Real time that belongs to an experiment: how long a cable is out, how fast an attacker goes. It
 * is not for waiting until something has happened: that is `until`, which names what it waits for.
 */
import { until } from '../support/until.ts'

export function lasting(ms: number): Promise<void> {
  const endMs = performance.now() + ms
  return until(`${ms} ms have passed`, () => performance.now() >= endMs, ms + 10_000)
}
