/** Calls of a server on the other node, one after the other, 100 bytes there and the same back. */
import { spawnAt } from '../../../src/index.ts'
import { call } from '../../../stdlib/index.ts'
import { quantile } from '../median.ts'
import { Echo } from './modules.ts'
import type { Workload } from './workload.ts'

export const callBytes = 100

/** Microseconds of the middle call. */
export const callTimes: Workload = ({ node, peer }, operations) =>
  node.run(async (self) => {
    const echo = await spawnAt(self, peer, Echo, undefined)
    const timesUs: number[] = []
    let arrived = 0
    for (let n = 0; n < operations; n++) {
      const payload = new Uint8Array(callBytes)
      new DataView(payload.buffer).setUint32(0, n)
      const startMs = performance.now()
      const back = await call(self, echo, 'echo', payload)
      timesUs.push((performance.now() - startMs) * 1000)
      if (Buffer.compare(back, payload) === 0) arrived += 1
    }
    self.unlink(echo)
    return { value: quantile(timesUs, 0.5), arrived, detail: { p99: quantile(timesUs, 0.99) } }
  })
