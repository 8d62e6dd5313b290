/**
 * A bounded mailbox against a plain list, under any sequence of messages, signals and receives:
 * what is taken comes out in order, signals are never lost, and the bounds hold at every step.
 */
import fc from 'fast-check'
import type { BoundedProcess, MailboxOptions } from '../../runtime/bounded-process.ts'
import { deliver } from '../../runtime/deliver.ts'
import { recordOfPid } from '../../runtime/identifier.ts'
import { process, spawn, startRuntime } from '../../runtime/index.ts'
import { limits } from '../../runtime/limits.ts'
import { empty } from '../../runtime/mailbox.ts'
import { simPlatform, World } from '../../runtime/platform/sim.ts'
import { post } from '../../runtime/post.ts'
import { assert, suite } from '../support/harness.ts'

const test = suite('bounded mailbox model')

type Mail = { readonly n: number; readonly signal: boolean }
type Step = 'message' | 'signal' | 'shift' | 'takeSignal' | 'takeEven'

/** What the mailbox must be. */
class Model {
  mail: Mail[] = []
  dropped = 0
  readonly #max: number
  readonly #overflow: MailboxOptions['overflow']

  constructor({ max, overflow }: MailboxOptions) {
    this.#max = max
    this.#overflow = overflow
  }

  post(mail: Mail): void {
    const waiting = this.mail.filter(({ signal }) => !signal).length
    const room = this.#overflow === 'dropNewest' ? 1 : limits.mailboxHardFactor
    if (waiting < this.#max * room) this.mail.push(mail)
    else this.dropped++
  }

  take(matches: (mail: Mail) => boolean): Mail | typeof empty {
    const at = this.mail.findIndex(matches)
    return at < 0 ? empty : this.mail.splice(at, 1)[0]!
  }
}

const kinds: Readonly<Record<'shift' | 'takeSignal' | 'takeEven', (mail: Mail) => boolean>> = {
  shift: () => true,
  takeSignal: ({ signal }) => signal,
  takeEven: ({ n }) => n % 2 === 0,
}

function check(options: MailboxOptions, steps: readonly Step[]): void {
  const node = startRuntime({ quiet: true, platform: simPlatform(new World(1)) })
  const idle = process('bounded.idle', (self) => self.wait(new Promise(() => undefined)))
  const real = recordOfPid(spawn(node, idle, undefined, { mailbox: options })) as BoundedProcess
  const model = new Model(options)
  for (const [n, step] of steps.entries()) {
    if (step === 'message') {
      const mail = { n, signal: false }
      model.post(mail)
      post(real, mail, null)
    } else if (step === 'signal') {
      const mail = { n, signal: true }
      model.mail.push(mail)
      deliver(real, mail)
    } else {
      const matches = kinds[step]
      const wanted = model.take(matches)
      const got = step === 'shift' ? real.shift() : real.take((m) => matches(m as Mail), false)
      assert.is(got, wanted)
    }
    assert.is(real.messageCount, model.mail.length)
    assert.is(real.dropped, model.dropped)
  }
  assert.equal(real.drain(), model.mail)
  void node.stop()
}

test('it is the list, whatever is done to it', () => {
  const steps = fc.array(
    fc.constantFrom<Step>(
      'message',
      'message',
      'message',
      'signal',
      'shift',
      'takeSignal',
      'takeEven',
    ),
    { maxLength: 120 },
  )
  const options = fc.record({
    max: fc.integer({ min: 1, max: 6 }),
    overflow: fc.constantFrom('suspend', 'dropNewest', 'fail'),
  }) as fc.Arbitrary<MailboxOptions>
  fc.assert(fc.property(options, steps, check), { numRuns: 300 })
})

test.run()
