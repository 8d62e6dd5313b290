/** The links of one process, against a plain set that keeps the order of insertion. */
import fc from 'fast-check'
import { Pid } from '../../../runtime/identifier.ts'
import { Links } from '../../../runtime/links.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('links')

const pids = Array.from(
  { length: 6 },
  (_, index) => new Pid({ node: 'a@host', creation: 1, index, serial: 1 }),
)

function takeAll(links: Links): Pid[] {
  const taken: Pid[] = []
  for (let pid = links.take(); pid !== null; pid = links.take()) taken.push(pid)
  return taken
}

test('does what a set does, and gives them back in the order they were made', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(pids.length - 1)), { maxLength: 40 })
  fc.assert(
    fc.property(steps, (done) => {
      const links = new Links()
      const model = new Set<Pid>()
      for (const [add, at] of done) {
        const pid = pids[at]!
        if (add) {
          links.add(pid)
          model.add(pid)
        } else assert.is(links.delete(pid), model.delete(pid))
        for (const each of pids) assert.is(links.has(each), model.has(each))
      }
      assert.equal(takeAll(links), [...model])
      assert.is(links.take(), null)
    }),
  )
})

test('a link that goes away while they are taken is not given any more', () => {
  const links = new Links()
  for (const pid of pids) links.add(pid)
  assert.is(links.take(), pids[0])
  assert.is(links.take(), pids[1])
  assert.ok(links.delete(pids[3]!))
  assert.equal(takeAll(links), [pids[2], pids[4], pids[5]])
})

test('oldest-first deletion of very many takes no longer for each', () => {
  const many = Array.from(
    { length: 50_000 },
    (_, index) => new Pid({ node: 'a@host', creation: 1, index, serial: 1 }),
  )
  const links = new Links()
  for (const pid of many) links.add(pid)
  assert.ok(many.every((pid) => links.delete(pid)))
  assert.is(links.take(), null)
})

test.run()
