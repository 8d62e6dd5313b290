/**
 * The engine of gen_statem against a reference interpreter: machines whose callbacks do anything
 * they may, mail, and time that passes while mail waits. Both must call the same callbacks with the
 * same events in the same states, reply the same, and end at the same point.
 */
import fc from 'fast-check'
import { RemoteReference } from '../../runtime/kernel.ts'
import { stop } from '../../stdlib/outcome.ts'
import {
  type Action,
  type Env,
  hasOwnEvents,
  type Input,
  type Machine,
  step,
  unborn,
} from '../../stdlib/statem/engine.ts'
import { StatemEvent } from '../../stdlib/statem/event.ts'
import { noWishes, type Wishes } from '../../stdlib/statem/options.ts'
import { Keep, Repeat, To, to, unchanged } from '../../stdlib/statem/outcome.ts'
import type { TimeoutAction } from '../../stdlib/statem/timeouts.ts'
import { assert, suite } from '../support/harness.ts'
import {
  type Key,
  type Plan,
  reference,
  type Setting,
  still,
  type Turn,
} from './gen-statem-reference.ts'

const test = suite('property: gen_statem')

const setting: fc.Arbitrary<Setting> = fc.oneof(
  fc.record({ tag: fc.constant('after' as const), ms: fc.constantFrom(0, 0, 1, 2, 5) }),
  fc.record({ tag: fc.constant('at' as const), ms: fc.nat(20) }),
  fc.constant({ tag: 'update' as const }),
  fc.constant({ tag: 'cancel' as const }),
)

const timeout = fc.tuple(
  fc.constantFrom<Key>('eventTimeout', 'stateTimeout', 'timeout a', 'timeout b'),
  setting,
)

const turn: fc.Arbitrary<Turn> = fc.record({
  go: fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom('keep', 'stay', 'repeat', 'A', 'B', 'C', 'B', 'C') },
    { weight: 1, arbitrary: fc.constant('stop') },
  ) as fc.Arbitrary<Turn['go']>,
  reply: fc.boolean(),
  postpone: fc.boolean(),
  next: fc.constantFrom(0, 0, 0, 0, 1, 2),
  timeouts: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(timeout, { maxLength: 4 }) },
  ),
})

const plan: fc.Arbitrary<Plan> = fc.record({
  turns: fc.array(turn, { maxLength: 60, size: 'max' }),
  moves: fc.array(
    fc.oneof(
      fc.record({
        tag: fc.constant('mail' as const),
        kind: fc.constantFrom('call' as const, 'cast' as const),
      }),
      fc.record({ tag: fc.constant('pass' as const), ms: fc.nat(6) }),
      fc.constant({ tag: 'run' as const }),
    ),
    { maxLength: 40, size: 'max' },
  ),
})

test('F7 to F14 the engine does what the reference interpreter does', () => {
  fc.assert(
    fc.property(plan, (given) => {
      assert.equal(new Driver(given.turns).play(given), reference(given))
    }),
    { numRuns: 3_000 },
  )
})

test('F8 an engine that loses what is postponed is found out', () => {
  const planted = fc.property(plan, (given) => {
    assert.equal(new Driver(given.turns, 0).play(given), reference(given))
  })
  assert.ok(fc.check(planted, { numRuns: 3_000 }).failed)
})

test('F8 F12 the plans reach what is hard: retries, updates, zero timeouts, stale expiries', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(plan, (given) => {
      const driver = new Driver(given.turns)
      driver.play(given)
      for (const what of driver.seen) seen.add(what)
    }),
    { numRuns: 500 },
  )
  const hard = ['retried', 'inserted', 'zero', 'stale', 'expired', 'replaced']
  assert.equal(
    hard.filter((what) => !seen.has(what)),
    [],
  )
})

type Due = { readonly key: string; readonly id: number; readonly dueMs: number }
type Mail = { readonly input: Input }

/** The process beside the engine, in virtual time: performs actions and feeds back what came. */
class Driver {
  readonly seen = new Set<string>()
  readonly #turns: Turn[]
  readonly #log: string[] = []
  readonly #env: Env
  #machine: Machine = unborn
  #mailbox: Mail[] = []
  #armed: Due[] = []
  #count = 0
  #nowMs = 0
  #over = false

  constructor(turns: readonly Turn[], postponedMax = Number.POSITIVE_INFINITY) {
    this.#turns = [...turns]
    this.#env = { has: () => true, enters: () => true, postponedMax }
  }

  play({ moves }: Plan): string[] {
    this.#feed({ tag: 'begin', outcome: to('A', 0) })
    this.#run()
    let sent = 0
    for (const move of moves) {
      if (move.tag === 'pass') this.#pass(move.ms)
      else if (move.tag === 'run') this.#run()
      else {
        const id = ++sent
        const from = new RemoteReference({ node: 'client@localhost', creation: 1, id })
        const caller = move.kind === 'call' ? from : null
        const event = new StatemEvent(move.kind, `${id}`, undefined, caller)
        this.#mailbox.push({ input: { tag: 'event', event } })
      }
    }
    this.#run()
    return this.#log
  }

  #run(): void {
    while (!this.#over) {
      const mail = this.#mailbox.shift()
      if (mail === undefined) return
      this.#feed(mail.input)
    }
  }

  #pass(ms: number): void {
    this.#nowMs += ms
    const due = this.#armed.filter(({ dueMs }) => dueMs <= this.#nowMs)
    this.#armed = this.#armed.filter(({ dueMs }) => dueMs > this.#nowMs)
    for (const { key, id } of due.toSorted((a, b) => a.dueMs - b.dueMs)) {
      this.#mailbox.push({ input: { tag: 'expired', key, id } })
    }
  }

  #feed(first: Input): void {
    for (let input: Input | undefined = first; input !== undefined && !this.#over; ) {
      const [machine, actions]: readonly [Machine, readonly Action[]] = step(
        this.#machine,
        input,
        this.#env,
      )
      if (input.tag === 'expired') this.seen.add(actions.length === 0 ? 'stale' : 'expired')
      if (input.tag === 'next') this.seen.add(this.#machine.events === null ? 'zero' : 'own')
      this.#machine = machine
      input = this.#perform(actions)
    }
  }

  #perform(actions: readonly Action[]): Input | undefined {
    for (const action of actions) {
      if (action.tag === 'handle') {
        const { event } = action
        return this.#called(`${textOf(event)} in ${this.#machine.state}`, event)
      }
      if (action.tag === 'enter') {
        return this.#called(`enter ${this.#machine.state} from ${action.previous}`, null)
      }
      this.#act(action)
    }
    return hasOwnEvents(this.#machine) ? { tag: 'next' } : undefined
  }

  #act(action: Action): void {
    if (action.tag === 'reply') {
      this.#log.push(`reply call ${action.from.id} ${String(action.value)}`)
    } else if (action.tag === 'stop') {
      assert.is(action.reason, 'planned')
      this.#log.push(`stop in ${this.#machine.state}`)
      this.#over = true
    } else if (action.tag === 'arm') {
      const { key, id, by, ms } = action
      const dueMs = by === 'after' ? this.#nowMs + ms : Math.max(this.#nowMs, ms)
      this.#armed.push({ key, id, dueMs })
    } else if (action.tag === 'disarm') {
      this.seen.add('replaced')
      this.#armed = this.#armed.filter(({ id }) => id !== action.id)
    }
  }

  /** A callback runs: it is logged, and does what its turn says. */
  #called(what: string, event: StatemEvent | null): Input {
    const count = ++this.#count
    this.#log.push(`${count} ${what} data ${String(this.#machine.data)}`)
    const { go, ...rest } = this.#turns.shift() ?? still
    const entering = event === null
    if (event !== null && event.tag === 'cast' && event.op.startsWith('inserted')) {
      this.seen.add('inserted')
    }
    if (rest.postpone && !entering && (go === 'A' || go === 'B' || go === 'C')) {
      this.seen.add('retried')
    }
    return {
      tag: 'returned',
      outcome: outcomeOf(go, wishesOf(rest, count, event), entering, count),
    }
  }
}

function textOf({ tag, op, arg }: StatemEvent): string {
  if (op.startsWith('inserted')) return op
  return [tag, op, arg].filter((part) => part !== '' && part !== undefined).join(' ')
}

function outcomeOf(go: Turn['go'], wishes: Wishes, entering: boolean, count: number): unknown {
  if (go === 'stop') return stop('planned')
  if (go === 'stay') return new Keep(unchanged, wishes)
  if (go === 'repeat') return new Repeat(count, wishes)
  return go === 'keep' || entering ? new Keep(count, wishes) : new To(go, count, wishes)
}

/** Not through options, which cannot say two things of one timeout. */
function wishesOf(turn: Omit<Turn, 'go'>, count: number, event: StatemEvent | null): Wishes {
  const timeouts = turn.timeouts.map(([key, setting]) => actionOf(key, setting, `arg ${count}`))
  if (event === null) return { ...noWishes, timeouts }
  const next = Array.from(
    { length: turn.next },
    (_, n) => new StatemEvent('cast', `inserted ${count}.${n}`, undefined, null),
  )
  const reply = turn.reply && event.tag === 'call' ? { value: count } : null
  return { reply, replies: [], next, postpone: turn.postpone, timeouts }
}

function actionOf(key: Key, setting: Setting, arg: string): TimeoutAction {
  const [tag, name] =
    key === 'eventTimeout' || key === 'stateTimeout'
      ? [key, '']
      : (['timeout', key.slice('timeout '.length)] as const)
  return { tag, name, set: setting.tag === 'cancel' ? setting : { ...setting, arg } }
}

test.run()
