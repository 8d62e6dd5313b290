/**
 * Every cell of OTP's exit-signal table (rules X1 to X11, X13 to X18): what a signal of each source
 * and reason does to a receiver that traps and to one that does not, with the receiver there and
 * here. X12, the loss of a connection, needs a network that can be cut: see the one-node suites.
 */
import * as assert from 'uvu/assert'
import {
  exit,
  isDown,
  isExit,
  type Pid,
  process,
  type Reason,
  type Self,
} from '../../../runtime/index.ts'
import {
  allGot,
  exitOf,
  makePuppet,
  nextGot,
  puppet,
  reached,
  type Side,
  settled,
  tell,
} from './puppet.ts'
import { caseOf, type Place, type Topic, type TopicCase } from './topic.ts'

type Source = 'exit' | 'link' | 'self'
type Effect =
  | { readonly tag: 'ignored' }
  | { readonly tag: 'dies'; readonly reason: Reason }
  | { readonly tag: 'message'; readonly reason: Reason }

type Cell = {
  readonly rule: string
  readonly source: Source
  readonly reason: Reason
  readonly calm: Effect
  readonly trapping: Effect
}

const ignored: Effect = { tag: 'ignored' }
const dies = (reason: Reason): Effect => ({ tag: 'dies', reason })
const message = (reason: Reason): Effect => ({ tag: 'message', reason })

const others: readonly Reason[] = [
  'shutdown',
  { tag: 'shutdown', detail: 'moved' },
  'noproc',
  'timeout',
  { tag: 'diskFull', path: 'a/b', bytes: 7 },
]

const table: readonly Cell[] = [
  { rule: 'X1', source: 'exit', reason: 'normal', calm: ignored, trapping: message('normal') },
  { rule: 'X2', source: 'exit', reason: 'kill', calm: dies('killed'), trapping: dies('killed') },
  {
    rule: 'X3',
    source: 'exit',
    reason: 'killed',
    calm: dies('killed'),
    trapping: message('killed'),
  },
  ...others.map((reason) => row('X4', 'exit', reason)),
  { rule: 'X5', source: 'link', reason: 'normal', calm: ignored, trapping: message('normal') },
  row('X6', 'link', 'kill'),
  row('X7', 'link', 'killed'),
  ...others.map((reason) => row('X8', 'link', reason)),
  {
    rule: 'X9',
    source: 'self',
    reason: 'normal',
    calm: dies('normal'),
    trapping: message('normal'),
  },
  { rule: 'X10', source: 'self', reason: 'kill', calm: dies('killed'), trapping: dies('killed') },
  ...others.map((reason) => row('X11', 'self', reason)),
]

/** The plain rows: whoever does not trap dies of it, whoever traps reads it. */
function row(rule: string, source: Source, reason: Reason): Cell {
  return { rule, source, reason, calm: dies(reason), trapping: message(reason) }
}

const verbs: Readonly<Record<Source, string>> = {
  exit: 'exit by another process with',
  link: 'a link whose peer ended with',
  self: 'exit to itself with',
}

/** The receiver of a cell's signal, its sender, and what happens to the first. */
async function stage(
  self: Self,
  place: Place,
  cell: Cell,
  trap: boolean,
  side: Side,
): Promise<void> {
  const victim = await makePuppet(self, place, side, trap)
  const source = await makePuppet(self, place, side === 'here' ? 'there' : 'here')
  const ref = self.monitor(victim)
  await settled(self, victim)
  let from: Pid = source
  switch (cell.source) {
    case 'exit':
      tell(self, source, { tag: 'signal', to: victim, reason: cell.reason })
      tell(self, source, { tag: 'send', to: victim, message: 'after the signal' })
      break
    case 'link':
      tell(self, victim, { tag: 'link', to: source })
      // The monitor's DOWN comes from the same process as the link's signal, and after it.
      tell(self, victim, { tag: 'monitor', to: source })
      await reached(self, victim, source)
      tell(self, source, { tag: 'end', reason: cell.reason })
      break
    case 'self':
      from = victim
      tell(self, victim, { tag: 'signalSelf', reason: cell.reason })
      break
  }
  await effect(self, victim, from, trap ? cell.trapping : cell.calm, ref, cell.source)
}

async function effect(
  self: Self,
  victim: Pid,
  from: Pid,
  expected: Effect,
  ref: ReturnType<Self['monitor']>,
  source: Source,
): Promise<void> {
  if (expected.tag === 'dies') {
    const down = await self.receive(isDown(ref))
    assert.equal(down.reason, expected.reason)
    assert.equal(await allGot(self, victim), [], 'the victim read nothing')
    return
  }
  if (expected.tag === 'message') {
    const trapped = exitOf(await nextGot(self, victim))
    assert.is(trapped.from, from)
    assert.equal(trapped.reason, expected.reason)
  }
  if (source === 'exit') assert.is(await nextGot(self, victim), 'after the signal')
  if (source === 'link') assert.ok(isDown()(await nextGot(self, victim)))
  await settled(self, victim)
  assert.equal(await allGot(self, victim), [], 'nothing else came')
}

function cells(): TopicCase[] {
  return table.flatMap((cell) =>
    (['there', 'here'] as const).flatMap((side) =>
      [false, true].map((trap) => {
        const expected = trap ? cell.trapping : cell.calm
        const does = expected.tag === 'ignored' ? 'is ignored' : `${expected.tag} it`
        const who = trap ? 'a process that traps' : 'a process that does not trap'
        const reason = JSON.stringify(cell.reason)
        return caseOf(
          cell.rule,
          `${verbs[cell.source]} ${reason} to ${who} ${side}: ${does}`,
          (self, place) => stage(self, place, cell, trap, side),
        )
      }),
    ),
  )
}

/** Traps, lets an EXIT queue up, stops trapping, and only then looks. */
const lateLooker = process('topic.lateLooker', async (self, { boss }: { boss: Pid }) => {
  self.trapExit(true)
  self.send(boss, 'ready')
  await self.receive((message) => message === 'look')
  self.trapExit(false)
  const trapped = await self.receive(isExit(), { timeoutMs: 0, otherwise: null })
  self.send(boss, { tag: 'saw', reason: trapped === null ? null : trapped.reason })
})

/** Ignores an exit signal, starts to trap, and looks for it. */
const lateTrapper = process('topic.lateTrapper', async (self, { boss }: { boss: Pid }) => {
  self.send(boss, 'ready')
  await self.receive((message) => message === 'look')
  self.trapExit(true)
  await self.yield()
  const trapped = await self.receive(isExit(), { timeoutMs: 0, otherwise: null })
  self.send(boss, { tag: 'saw', reason: trapped === null ? null : trapped.reason })
})

/** Tries to catch its own exit; what follows the catch must have no effect. */
const catcher = process('topic.catcher', async (self, { boss }: { boss: Pid }) => {
  await self.receive()
  try {
    self.exit(self.pid, 'mine')
  } catch {
    self.send(boss, 'caught')
  }
})

const dead = caseOf('X18', 'exit to a process that has ended does nothing', async (self, place) => {
  const victim = await makePuppet(self, place, 'there')
  const ref = self.monitor(victim)
  tell(self, victim, { tag: 'end', reason: 'normal' })
  await self.receive(isDown(ref))
  self.exit(victim, 'again')
  self.exit(victim, 'kill')
  // A monitor set after those signals finds nobody: they were dealt with and came to nothing.
  const down = await self.receive(isDown(self.monitor(victim)))
  assert.is(down.reason, 'noproc')
})

const transit = caseOf('X14', 'a killed process propagates killed', async (self, place) => {
  const middle = await makePuppet(self, place, 'there')
  const witness = await makePuppet(self, place, 'here', true)
  const dying = await makePuppet(self, place, 'here')
  for (const linked of [witness, dying]) {
    tell(self, linked, { tag: 'link', to: middle })
    await reached(self, linked, middle)
  }
  const ref = self.monitor(dying)
  self.exit(middle, 'kill')
  assert.equal(exitOf(await nextGot(self, witness)), { from: middle, reason: 'killed' })
  assert.is((await self.receive(isDown(ref))).reason, 'killed')
})

const queued = caseOf(
  'X16',
  'to stop trapping leaves a queued EXIT a message',
  async (self, place) => {
    const looker = await place.spawnThere(self, lateLooker, { boss: self.pid })
    await self.receive((message) => message === 'ready')
    self.exit(looker, 'queued')
    self.send(looker, 'look')
    assert.equal(await self.receive(), { tag: 'saw', reason: 'queued' })
  },
)

const gone = caseOf(
  'X16',
  'to start trapping brings back no ignored signal',
  async (self, place) => {
    const trapper = await place.spawnThere(self, lateTrapper, { boss: self.pid })
    await self.receive((message) => message === 'ready')
    self.exit(trapper, 'normal')
    self.send(trapper, 'look')
    assert.equal(await self.receive(), { tag: 'saw', reason: null })
  },
)

const uncaught = caseOf('X11', 'exit to itself is final inside a try', async (self, place) => {
  const pid = await place.spawnThere(self, catcher, { boss: self.pid })
  const ref = self.monitor(pid)
  self.send(pid, 'go')
  const first = await self.receive()
  assert.ok(isDown(ref)(first), 'the DOWN, not what the catch block sent')
  if (isDown(ref)(first)) assert.is(first.reason, 'mine')
})

const ended = process('topic.killEnd', async (self) => {
  await self.receive()
  return exit('kill')
})

const asTerm = caseOf(
  'X6',
  'kill returned by a body is an ordinary reason',
  async (self, place) => {
    self.trapExit(true)
    const pid = await place.spawnThere(self, ended, undefined, { link: true })
    const ref = self.monitor(pid)
    self.send(pid, 'go')
    assert.is((await self.receive(isExit(pid))).reason, 'kill')
    assert.is((await self.receive(isDown(ref))).reason, 'kill')
  },
)

export const exitSignals: Topic = {
  subject: 'exit signals',
  modules: [puppet, lateLooker, lateTrapper, catcher, ended],
  cases: [...cells(), dead, transit, queued, gone, uncaught, asTerm],
}
