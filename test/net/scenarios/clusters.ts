/**
 * Overlays of whole processes: many that join through one seed and lose a third of their number,
 * and two machines whose cable is out for longer than every timeout. Nobody is told of anything
 * but the seed; what heals, heals by itself.
 */
import { defaultMembershipOptions } from '../../../src/membership/index.ts'
import {
  edgesOutOf,
  everybodyHeard,
  everybodySays,
  lookAt,
  namesOf,
  oneOverlay,
  tell,
  untilAll,
} from '../crowd.ts'
import { lasting } from '../experiment-time.ts'
import { type Side, sides } from '../namespaces.ts'
import type { Program } from '../program.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'

const tickMs = 1000
/** For what takes seconds on a machine that has nothing else to do. */
const generousMs = 180_000
/** With two free slots or more a node asks until somebody makes room. */
const refilled = defaultMembershipOptions.activeSize - 1

const crowdSize = 20
const killed = 6

async function killThird(stage: Stage): Promise<string> {
  const seed = await stage.start('n0@127.0.0.1', { tickMs })
  const nodes = { [seed.name]: { host: '127.0.0.1', port: seed.port } }
  const startMs = performance.now()
  const others = Array.from({ length: crowdSize - 1 }, (_, index) =>
    stage.start(`n${index + 1}@127.0.0.1`, { nodes, join: [seed.name], tickMs }),
  )
  const all = [seed, ...(await Promise.all(others))]
  const startedMs = Math.round(performance.now() - startMs)
  const names = namesOf(all)
  const joinedMs = await untilAll(all, [oneOverlay(refilled)], generousMs)
  const knownMs = await untilAll(all, [everybodySays('up', names)], generousMs)
  const told = [await tell(atIndex(all, 11), 'all here')]
  const heardMs = await untilAll(all, [everybodyHeard(told)], generousMs)

  const victims = all.filter((_, index) => index % 3 === 1).slice(0, killed)
  const left = all.filter((program) => !victims.includes(program))
  for (const victim of victims) victim.kill()
  const healedMs = await untilAll(left, [oneOverlay(refilled)], generousMs)
  const gone = everybodySays('down', namesOf(victims))
  const noticedMs = await untilAll(left, [gone, everybodySays('up', namesOf(left))], generousMs)
  told.push(await tell(atIndex(left, 9), 'six are gone'))
  const againMs = await untilAll(left, [everybodyHeard(told)], generousMs)
  // What was sent twice would have come before what is sent now.
  for (const program of left) told.push(await tell(program, 'still here'))
  await untilAll(left, [everybodyHeard(told)], generousMs)
  return [
    `${crowdSize} processes up after ${startedMs} ms, one overlay ${joinedMs} ms later`,
    `all in every member list ${knownMs} ms later, a broadcast heard after ${heardMs} ms`,
    `${killed} killed: views refilled after ${healedMs} ms`,
    `down in every list ${noticedMs} ms later`,
    `a broadcast heard by the ${left.length} after ${againMs} ms`,
  ].join('; ')
}

function atIndex(programs: readonly Program[], index: number): Program {
  const program = programs[index]
  if (program === undefined) throw new RangeError(`there is no program ${index}`)
  return program
}

const perSide = 7
const firstPort = 4433
const outMs = 120_000
/** Lost names are tried about once a minute each. */
const healMs = 240_000

type Halves = Readonly<Record<Side, readonly Program[]>>

async function halves(stage: Stage): Promise<Halves & { readonly setLink: SetLink }> {
  const machines = stage.machines()
  const nameOf = (side: Side, index: number): string => `${side}${index}@${machines.address(side)}`
  const seed = nameOf('a', 0)
  const nodes = { [seed]: { host: machines.address('a'), port: firstPort } }
  const start = (side: Side, index: number): Promise<Program> =>
    stage.start(nameOf(side, index), {
      on: { machines, side },
      host: machines.address(side),
      port: firstPort + index,
      tickMs,
      ...(nameOf(side, index) !== seed && { nodes, join: [seed] }),
    })
  const first = await start('a', 0)
  const [a, b] = await Promise.all([
    Promise.all(Array.from({ length: perSide - 1 }, (_, index) => start('a', index + 1))),
    Promise.all(Array.from({ length: perSide }, (_, index) => start('b', index))),
  ])
  return { a: [first, ...a], b, setLink: (state) => machines.link('b', state) }
}

type SetLink = (state: 'up' | 'down') => void

async function cutForMinutes(stage: Stage): Promise<string> {
  const { a, b, setLink } = await halves(stage)
  const all = [...a, ...b]
  const names = namesOf(all)
  const joinedMs = await untilAll(
    all,
    [oneOverlay(refilled), everybodySays('up', names)],
    generousMs,
  )
  const told = [await tell(atIndex(b, 1), 'all here')]
  await untilAll(all, [everybodyHeard(told)], generousMs)

  setLink('down')
  const cutMs = performance.now()
  const cutOff = await Promise.all(
    sides.map(async (side) => {
      const [near, far] = side === 'a' ? [a, b] : [b, a]
      const alone = [oneOverlay(refilled), everybodySays('down', namesOf(far))]
      const noticedMs = await untilAll(near, [...alone, everybodySays('up', namesOf(near))], outMs)
      const text = await tell(atIndex(near, 2), `only ${side} is here`)
      await untilAll(near, [everybodyHeard([...told, text])], outMs)
      return { noticedMs, text }
    }),
  )
  await lasting(Math.max(0, outMs - (performance.now() - cutMs)))
  setLink('up')
  const mendedMs = performance.now()
  const healedMs = await untilAll(all, [oneOverlay(refilled)], healMs)
  await untilAll(all, [everybodySays('up', names)], healMs)
  const upMs = Math.round(performance.now() - mendedMs)
  for (const side of sides) {
    told.push(await tell(atIndex(side === 'a' ? a : b, 3), 'all here again'))
  }
  await untilAll(all, [everybodyHeard(told)], healMs)
  // Shorter than what is remembered: each side learns what the other said meanwhile.
  told.push(...cutOff.map(({ text }) => text))
  await untilAll(all, [everybodyHeard(told)], healMs)
  const caughtUpMs = Math.round(performance.now() - mendedMs)
  const bridges = edgesOutOf(namesOf(a), await lookAt(all))
  return [
    `${perSide} and ${perSide} one overlay after ${joinedMs} ms`,
    `apart in every list after ${Math.max(...cutOff.map(({ noticedMs }) => noticedMs))} ms`,
    `after ${outMs} ms mended: one overlay ${healedMs} ms later, all up after ${upMs} ms`,
    `what was told meanwhile heard after ${caughtUpMs} ms; ${bridges} edges between the halves`,
  ].join('; ')
}

export const clusterScenarios: readonly Scenario[] = [
  {
    name: '20 processes join through one seed, and 6 are killed',
    needs: 'loopback',
    deadlineMs: 480_000,
    run: killThird,
  },
  {
    name: 'a link down for 2 minutes between the halves of an overlay',
    needs: 'namespaces',
    deadlineMs: 720_000,
    run: cutForMinutes,
  },
]
