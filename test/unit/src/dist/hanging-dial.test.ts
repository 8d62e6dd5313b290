/**
 * A dial that hangs, because its peer has crashed, does not keep the peer's next incarnation out
 * for as long as its deadlines last. Found by the simulation: a restarted node was refused, as in
 * a simultaneous dial, in favour of an attempt that nobody answered any more.
 */
import { connectNode, nodes } from '../../../../src/dist/index.ts'
import { Simulation } from '../../../../src/testing/index.ts'
import { assert, suite } from '../../../support/harness.ts'

/** The greater name wins a simultaneous dial. */
const a = 'a@h1'
const b = 'b@h2'

const test = suite('hanging dial')

for (const crashAfterMs of [50, 150, 250, 350, 450]) {
  test(`the peer restarts ${crashAfterMs} ms into our dial and dials us`, async () => {
    const sim = new Simulation({ seed: 1, nodes: [a, b], idleTimeoutMs: 60_000 })
    sim.setPath(0, 50, 50)
    await sim.start(a)
    const greater = await sim.start(b)
    void connectNode(greater, a)
    await sim.run(crashAfterMs)
    sim.crash(a)
    const again = await sim.start(a)
    assert.is(await sim.settle('an answer', connectNode(again, b), 3_000), true)
    await sim.until('both know it', () => nodes(greater).length === 1, 1_000)
    // The dial that hung ends by itself, and takes nothing with it.
    await sim.run(60_000)
    assert.equal([nodes(again), nodes(greater)], [[b], [a]])
    sim.close()
  })
}

test('a simultaneous dial still ends with one channel', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const sim = new Simulation({ seed, nodes: [a, b] })
    sim.setPath(0, 10, 100)
    const [smaller, greater] = [await sim.start(a), await sim.start(b)]
    const downs: string[] = []
    for (const node of [smaller, greater]) {
      node.observe(({ tag }) => {
        if (tag === 'nodedown') downs.push(`${seed} ${node.name}`)
      })
    }
    const dials = Promise.all([connectNode(smaller, b), connectNode(greater, a)])
    assert.equal(await sim.settle('both answers', dials, 3_000), [true, true])
    await sim.run(20_000)
    assert.equal([nodes(smaller), nodes(greater), downs], [[b], [a], []])
    sim.close()
  }
})

test.run()
