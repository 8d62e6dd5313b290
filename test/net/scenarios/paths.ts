/** Paths that change or are narrow: a NAT that rebinds under load, and unequal MTUs. */
import * as assert from 'uvu/assert'
import { lasting } from '../experiment-time.ts'
import { type Side, sides } from '../namespaces.ts'
import type { Program } from '../program.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { twoNodes } from './links.ts'

const rebinds = 5

async function rebinding(stage: Stage): Promise<string> {
  const b = await stage.start('b@127.0.0.1')
  const nat = await stage.forwarder({ host: '127.0.0.1', port: b.port })
  const a = await stage.start('a@127.0.0.1', { nodes: { [b.name]: nat.address } })
  await a.ask({ op: 'call', node: b.name, times: 100 })
  await a.ask({ op: 'loadStart', node: b.name, width: 8 })
  for (let left = rebinds; left > 0; left--) {
    await nat.rebind()
    await lasting(500)
    assert.is((await a.ask({ op: 'call', node: b.name, times: 50 })).answered, 50)
  }
  assert.ok((await a.ask({ op: 'bulk', node: b.name, bytes: 2_000_000 })).same)
  const load = await a.ask({ op: 'loadStop' })
  assert.is(load.failed, 0)
  await steady(a, b)
  return `${rebinds} rebinds, ${load.answered} calls, the slowest ${Math.round(load.worstMs)} ms`
}

/** One channel from the first message to the last. */
async function steady(...programs: readonly Program[]): Promise<void> {
  for (const program of programs) {
    const { ups, downs } = await program.ask({ op: 'look' })
    assert.equal({ ups, downs }, { ups: 1, downs: 0 }, program.name)
  }
}

/** Smaller than what most paths have, and just what QUIC demands of one. */
const narrowBytes = [1300, 1280] as const

async function narrow(stage: Stage, side: Side, mtu: number): Promise<string> {
  const { machines, programs } = await twoNodes(stage, 1000)
  const { a, b } = programs
  machines.mtu(side, mtu)
  assert.is((await a.ask({ op: 'call', node: b.name, times: 20 })).answered, 20)
  assert.ok((await a.ask({ op: 'bulk', node: b.name, bytes: 3_000_000 })).same)
  assert.ok((await b.ask({ op: 'bulk', node: a.name, bytes: 3_000_000 })).same)
  await steady(a, b)
  return '3 MB each way, hashes equal'
}

/** The path becomes narrow while the channel is up. */
async function narrowing(stage: Stage): Promise<string> {
  const { machines, programs } = await twoNodes(stage, 2500)
  const { a, b } = programs
  assert.ok((await a.ask({ op: 'bulk', node: b.name, bytes: 3_000_000 })).same)
  machines.mtu('b', narrowBytes[0])
  assert.ok((await a.ask({ op: 'bulk', node: b.name, bytes: 3_000_000 })).same)
  assert.ok((await b.ask({ op: 'bulk', node: a.name, bytes: 3_000_000 })).same)
  await steady(a, b)
  return '3 MB each way, hashes equal'
}

export const pathScenarios: readonly Scenario[] = [
  {
    name: 'a NAT that rebinds under load',
    needs: 'loopback',
    deadlineMs: 60_000,
    run: rebinding,
  },
  ...sides.flatMap((side) =>
    narrowBytes.map(
      (mtu): Scenario => ({
        name: `asymmetric MTU: ${mtu} at ${side}`,
        needs: 'namespaces',
        deadlineMs: 60_000,
        run: (stage) => narrow(stage, side, mtu),
      }),
    ),
  ),
  {
    name: 'a path that becomes narrow under a channel',
    needs: 'namespaces',
    deadlineMs: 60_000,
    run: narrowing,
  },
]
