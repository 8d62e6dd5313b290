/** Every cell of OTP's exit-signal table (rules X1 to X12). */
import type { Reason } from '../../../runtime/exit.ts'
import { type ExitEffect, type ExitSource, exitRule } from '../../../runtime/exit-rule.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('exit rule')

const ignored: ExitEffect = { tag: 'ignore' }
const dies = (reason: Reason): ExitEffect => ({ tag: 'die', reason })
const hears = (reason: Reason): ExitEffect => ({ tag: 'message', reason })
const detailed: Reason = { tag: 'shutdown', detail: 7 }

type Cell = readonly [source: ExitSource, reason: Reason, plain: ExitEffect, trapping: ExitEffect]

const table: readonly Cell[] = [
  ['exit', 'normal', ignored, hears('normal')],
  ['exit', 'kill', dies('killed'), dies('killed')],
  ['exit', 'killed', dies('killed'), hears('killed')],
  ['exit', 'shutdown', dies('shutdown'), hears('shutdown')],
  ['exit', 'noproc', dies('noproc'), hears('noproc')],
  ['exit', detailed, dies(detailed), hears(detailed)],
  ['link', 'normal', ignored, hears('normal')],
  ['link', 'kill', dies('kill'), hears('kill')],
  ['link', 'killed', dies('killed'), hears('killed')],
  ['link', 'shutdown', dies('shutdown'), hears('shutdown')],
  ['link', 'noconnection', dies('noconnection'), hears('noconnection')],
  ['link', detailed, dies(detailed), hears(detailed)],
  ['self', 'normal', dies('normal'), hears('normal')],
  ['self', 'kill', dies('killed'), dies('killed')],
  ['self', 'killed', dies('killed'), hears('killed')],
  ['self', 'shutdown', dies('shutdown'), hears('shutdown')],
  ['self', detailed, dies(detailed), hears(detailed)],
]

for (const [source, reason, plain, trapping] of table) {
  test(`${source} ${JSON.stringify(reason)}`, () => {
    assert.equal(exitRule(source, reason, false), plain)
    assert.equal(exitRule(source, reason, true), trapping)
  })
}

test('an object with the tag kill is an ordinary reason', () => {
  assert.equal(exitRule('exit', { tag: 'kill' }, true), hears({ tag: 'kill' }))
})

test.run()
