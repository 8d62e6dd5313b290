/**
 * The cable between two machines: pulled for a while, for too long, and broken one way. What the
 * nodes promise: a silence shorter than the tick limit loses nothing and tells nobody; a longer one
 * ends the channel on both sides, and the next message makes a new one.
 */
import * as assert from 'uvu/assert'
import { lasting } from '../experiment-time.ts'
import { otherOf, type Side, sides, type TwoMachines } from '../namespaces.ts'
import type { Program } from '../program.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'

const port = 4433

type Two = { readonly machines: TwoMachines; readonly programs: Readonly<Record<Side, Program>> }

/** Two nodes on two machines, each knowing the other; no channel yet. */
export async function twoNodes(stage: Stage, tickMs: number): Promise<Two> {
  const machines = stage.machines()
  const start = (side: Side): Promise<Program> => {
    const other = otherOf(side)
    const nodes = { [nameOn(machines, other)]: { host: machines.address(other), port } }
    const [host, on] = [machines.address(side), { machines, side }]
    return stage.start(nameOn(machines, side), { on, host, port, nodes, tickMs })
  }
  const [a, b] = await Promise.all(sides.map(start))
  if (a === undefined || b === undefined) throw new Error('unreachable')
  return { machines, programs: { a, b } }
}

function nameOn(machines: TwoMachines, side: Side): string {
  return `${side}@${machines.address(side)}`
}

async function pulledForAWhile(stage: Stage): Promise<string> {
  const { machines, programs } = await twoNodes(stage, 2500)
  const { a, b } = programs
  await a.ask({ op: 'call', node: b.name, times: 100 })
  await a.ask({ op: 'loadStart', node: b.name, width: 8 })
  machines.link('b', 'down')
  await lasting(5000)
  machines.link('b', 'up')
  const { answered } = await a.ask({ op: 'call', node: b.name, times: 100 })
  assert.is(answered, 100)
  const load = await a.ask({ op: 'loadStop' })
  assert.is(load.failed, 0, 'calls under way are answered late, not lost')
  for (const program of [a, b]) {
    const { ups, downs } = await program.ask({ op: 'look' })
    assert.equal({ ups, downs }, { ups: 1, downs: 0 }, program.name)
  }
  return `${load.answered} calls answered, the slowest after ${Math.round(load.worstMs)} ms`
}

/** Monitors on both sides, then the fault until both say noconnection, then calls again. */
async function lostAndFound(
  stage: Stage,
  breakIt: (machines: TwoMachines) => void,
  mendIt: (machines: TwoMachines) => void,
): Promise<string> {
  const { machines, programs } = await twoNodes(stage, 500)
  const { a, b } = programs
  await a.ask({ op: 'call', node: b.name, times: 10 })
  await a.ask({ op: 'monitor', node: b.name })
  await b.ask({ op: 'monitor', node: a.name })
  await a.event('nodeup', b.name, 5000)
  await b.event('nodeup', a.name, 5000)
  const brokenMs = performance.now()
  breakIt(machines)
  for (const [near, far] of [
    [a, b],
    [b, a],
  ] as const) {
    const down = await near.event('down', far.name, 20_000)
    assert.is(down.tag === 'down' && down.reason, 'noconnection', near.name)
    await near.event('nodedown', far.name, 5000)
  }
  const lostMs = performance.now() - brokenMs
  mendIt(machines)
  const { answered } = await a.ask({ op: 'call', node: b.name, times: 10 })
  assert.is(answered, 10)
  await a.event('nodeup', b.name, 5000)
  await b.event('nodeup', a.name, 5000)
  assert.is((await b.ask({ op: 'call', node: a.name, times: 10 })).answered, 10)
  for (const program of [a, b]) {
    const { ups, downs } = await program.ask({ op: 'look' })
    assert.equal({ ups, downs }, { ups: 2, downs: 1 }, program.name)
  }
  return `lost on both sides after ${Math.round(lostMs)} ms, connected again by the next call`
}

export const linkScenarios: readonly Scenario[] = [
  {
    name: 'a link down for 5 s: traffic resumes, no nodedown',
    needs: 'namespaces',
    deadlineMs: 90_000,
    run: pulledForAWhile,
  },
  {
    name: 'a link down for longer than the tick limit',
    needs: 'namespaces',
    deadlineMs: 90_000,
    run: (stage) =>
      lostAndFound(
        stage,
        (machines) => machines.link('b', 'down'),
        (machines) => machines.link('b', 'up'),
      ),
  },
  ...sides.map(
    (side): Scenario => ({
      name: `a one-way cut: nothing from ${side} arrives`,
      needs: 'namespaces',
      deadlineMs: 90_000,
      run: (stage) =>
        lostAndFound(
          stage,
          (machines) => machines.cutFrom(side),
          (machines) => machines.mendFrom(side),
        ),
    }),
  ),
]
