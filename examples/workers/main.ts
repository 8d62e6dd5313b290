/**
 * One program on several cores: a node that answers, and two nodes on worker threads that compute.
 * They are nodes like any other: work is spawned there by name, called, watched, and lost.
 */
import { call, isDown, nodes, spawnAt, startNode, startWorkers } from 'skein'
import { workerCarrier } from 'skein/carrier/worker'
import { Adder, Fault, modules } from './program.ts'

const program = new URL('./program.ts', import.meta.url)
const shares = [
  { from: 0, to: 190_000 },
  { from: 190_000, to: 300_000 },
]

const node = await startNode({
  name: 'main@localhost',
  carrier: workerCarrier(),
  cookie: 'workers-example',
  dataDir: 'data/workers',
  modules,
  quiet: true,
  drainOnSignals: true,
})
const workers = await startWorkers(node, { count: shares.length, program })
console.log('connected with', nodes(node).sort().join(' and '))

await node.run(async (self) => {
  const adders = await Promise.all(
    workers.map(({ name }, at) => spawnAt(self, name, Adder, shares[at] ?? { from: 0, to: 0 })),
  )
  const parts = Promise.all(adders.map((adder) => call(self, adder, 'sumPrimes')))
  let done = false
  void parts.then(() => {
    done = true
  })
  let waits = 0
  for (; !done; waits++) await self.receive(() => false, { timeoutMs: 1, otherwise: null })
  for (const part of await parts) console.log(`${part.node} has summed its share`)
  const sum = (await parts).reduce((total, part) => total + part.sum, 0)
  console.log(`the primes below 300000 add up to ${sum}`)
  console.log('meanwhile the main node was free:', waits > 1)

  const [first] = workers
  if (first === undefined) return
  for (const adder of adders) self.monitor(adder)
  self.send(await spawnAt(self, first.name, Fault), 'now')
  const down = await self.receive(isDown())
  console.log(`a thread is lost: ${down.reason}; left is ${nodes(self).join()}`)

  const [spare] = await startWorkers(node, { count: 1, program, name: 'spare' })
  if (spare === undefined) return
  const adder = await spawnAt(self, spare.name, Adder, { from: 0, to: 1000 })
  const part = await call(self, adder, 'sumPrimes')
  console.log(`${part.node} took over: ${part.sum}`)
})
await node.stop()
