/** What the dead, the drained and the forgotten leave in memory, measured in its own process. */
import { fileURLToPath } from 'node:url'
import { assert, suite } from '../../support/harness.ts'
import { runProgram } from '../../support/program.ts'

const test = suite('memory')
const root = fileURLToPath(new URL('../../..', import.meta.url))

test(
  'weak tables stay bounded, mailboxes shrink, dead processes keep their identity only',
  async () => {
    const file = fileURLToPath(new URL('fixtures/memory.ts', import.meta.url))
    const { ending, stdout, stderr } = await runProgram(file, { root, deadlineMs: 50_000 })
    assert.is(ending, 0, stderr)
    const { weakTable, remotePids, mailboxes, deadProcesses } = JSON.parse(stdout)
    assert.is(weakTable.found, 100, 'an entry whose value is held was lost')
    assert.ok(weakTable.gone)
    // 100,000 were entered, a thousand of them alive at a time.
    assert.ok(weakTable.largest < 10_000, `the table grew to ${weakTable.largest}`)
    assert.ok(remotePids.refused && remotePids.known, 'the bound was not kept')
    assert.ok(remotePids.accepted, 'a full table never recovers')
    assert.ok(mailboxes.afterShift < mailboxes.grew / 10, JSON.stringify(mailboxes))
    assert.ok(mailboxes.afterTake < mailboxes.grew / 10, JSON.stringify(mailboxes))
    assert.is(deadProcesses.live, 0)
    assert.is(deadProcesses.alive, 0, 'something a dead process referred to is still reachable')
    assert.ok(deadProcesses.bytesEach < 1_000, `${deadProcesses.bytesEach} bytes per dead process`)
  },
  { deadlineMs: 60_000 },
)

test.run()
