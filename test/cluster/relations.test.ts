/**
 * A million monitors, links and pids, one by one over the wire: the limits as a peer meets them,
 * and the memory given back when it is gone. Too slow for every run.
 */
import { runtimeLimits, systemOf } from '../../runtime/kernel.ts'
import { closeCode } from '../../src/dist/protocol.ts'
import { channelStatistics, spawn } from '../../src/index.ts'
import { assert, suite } from '../support/harness.ts'
import { evil, hostile, leavesNothing, reader, wellFor } from '../unit/src/dist/hostile.ts'

const test = suite('a million relations')

for (const what of ['monitor', 'link'] as const) {
  const body = async (): Promise<void> => {
    const scene = await hostile()
    const { peer, victim, cluster } = scene
    const to = spawn(victim, reader)
    const max = runtimeLimits.peerRelationsMax
    let sent = 0
    while (peer.closed === undefined && sent < max + 10_000) {
      for (let batch = 0; batch < 1_000; batch++) {
        sent++
        if (what === 'link') peer.send({ tag: 'link', from: peer.pid(sent), to })
        else peer.send({ tag: 'monitor', ref: peer.ref(sent), from: peer.pid(1), to })
      }
      await cluster.pass(0)
    }
    assert.ok(sent > max, `it held ${sent}`)
    if (what === 'monitor') assert.is((await peer.end()).code, closeCode.limit)
    // Pids have the same limit, and are looked at first.
    else assert.ok((channelStatistics(victim, evil)?.undecodable ?? 0) > 0)
    await cluster.run(victim, (self) => self.exit(to, 'kill'))
    await wellFor(scene)
    await leavesNothing(scene)
    assert.is(systemOf(victim).peers.get(evil), undefined)
  }
  test(`one ${what} after the other up to the limit`, body, { deadlineMs: 120_000 })
}

test.run()
