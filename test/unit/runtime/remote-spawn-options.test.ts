/** Options of spawns by node that are none: refused by name, or told by message, and no process. */
import {
  BadArgument,
  isSpawnReply,
  process,
  spawnAt,
  spawnMonitorAt,
  spawnRequest,
} from '../../../runtime/index.ts'
import { noMail, oneNode } from '../../conformance/otp/one-node.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('remote spawn options')

let begun = 0
const counted = process('counted', () => {
  begun++
})

const untyped = (value: unknown): never => value as never

test('spawnAt and spawnMonitorAt refuse unknown options and bad values by name', () =>
  oneNode([counted]).run(async (self) => {
    const rows: [unknown, RegExp][] = [
      [5, /spawnAt: options: expected an object, got 5/],
      [{ nick: 'x' }, /spawnAt: option nick is unknown or has a bad value: "x"/],
      [{ link: 'yes' }, /spawnAt: option link is unknown or has a bad value: "yes"/],
      [{ name: 5 }, /name: expected a string of 1 to .* got 5/],
    ]
    for (const [options, message] of rows) {
      for (const spawning of [spawnAt, spawnMonitorAt]) {
        const attempt = async () => spawning(self, self.node, counted, undefined, untyped(options))
        const error = await attempt().catch((thrown: unknown) => thrown)
        assert.instance(error, BadArgument)
        assert.match(String(error), message)
      }
    }
    assert.is(begun, 0)
    assert.ok(noMail(self))
  }))

test('spawnRequest tells of options that are no object', () =>
  oneNode([counted]).run(async (self) => {
    const ref = spawnRequest(self, self.node, counted, undefined, untyped(5))
    const { result } = await self.receive(isSpawnReply(ref))
    assert.equal(result, { tag: 'error', reason: { tag: 'badOption', option: 'options' } })
    assert.is(begun, 0)
  }))

test.run()
