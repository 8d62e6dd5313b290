/**
 * A node that is attacked and one that goes on working with it: whatever happens, the honest one
 * keeps its channel, its calls are answered, and the victim's loop and memory stay within bounds.
 */
import * as assert from 'uvu/assert'
import type { Address } from '../../src/carrier/carrier.ts'
import type { Load, Look } from './orders.ts'
import type { Program } from './program.ts'
import type { Stage } from './stage.ts'

export type Scene = {
  readonly victim: Program
  readonly honest: Program
  readonly address: Address
}

/** An address of its own on loopback: what is limited by address must not touch it. */
const honestHost = '127.0.0.3'
/** Beyond these a loop is held up. */
const loopHeldMax = { p99Ms: 50, maxMs: 250 } as const
/** A few thousand connections at their worst; what is closed must be collected meanwhile. */
const growthMaxBytes = 150 * 1024 * 1024

export async function attacked(stage: Stage, tickMs = 1000): Promise<Scene> {
  const victim = await stage.start('victim@127.0.0.1', { tickMs })
  const address = { host: '127.0.0.1', port: victim.port }
  const name = `honest@${honestHost}`
  const honest = await stage.start(name, {
    host: honestHost,
    nodes: { [victim.name]: address },
    tickMs,
  })
  return { victim, honest, address }
}

export type Outcome = { readonly load: Load; readonly before: Look; readonly after: Look }

/** Runs `attack` while the honest node calls without pause; throws if the attack did harm. */
export async function underLoad(scene: Scene, attack: () => Promise<void>): Promise<Outcome> {
  const { victim, honest } = scene
  const node = victim.name
  await honest.ask({ op: 'call', node, times: 200 })
  const before = await victim.ask({ op: 'look' })
  await honest.ask({ op: 'loadStart', node, width: 4 })
  await attack()
  assert.is((await honest.ask({ op: 'call', node, times: 100 })).answered, 100)
  const load = await honest.ask({ op: 'loadStop' })
  const after = await victim.ask({ op: 'look' })
  assert.is(load.failed, 0, 'calls of the honest node')
  const { ups, downs } = await honest.ask({ op: 'look' })
  assert.equal({ ups, downs }, { ups: 1, downs: 0 }, 'the honest node has its first channel')
  const { p99Ms, maxMs } = after.loopHeld
  const held = `the victim's loop was held: p99 ${p99Ms} ms, at most ${maxMs} ms`
  assert.ok(p99Ms <= loopHeldMax.p99Ms && maxMs <= loopHeldMax.maxMs, held)
  const grown = after.residentBytes - before.residentBytes
  assert.ok(grown <= growthMaxBytes, `the victim grew by ${grown} bytes`)
  return { load, before, after }
}

export function describeOutcome({ load, before, after }: Outcome): string {
  const grownMiB = ((after.residentBytes - before.residentBytes) / 2 ** 20).toFixed(0)
  const { p99Ms, maxMs } = after.loopHeld
  return [
    `${load.answered} calls, the slowest ${Math.round(load.worstMs)} ms`,
    `loop held p99 ${Math.round(p99Ms)} ms, at most ${Math.round(maxMs)} ms`,
    `memory ${grownMiB} MiB more`,
  ].join('; ')
}
