/**
 * What the worker nodes run: each thread imports this file by itself, so it must start nothing. The
 * main node lists the same modules, to spawn them there by name.
 */
import { exit } from 'node:process'
import { genServer, process, reply, type Self, type WorkerOptions } from 'skein'

export type Share = { from: number; to: number }

export type Adder = {
  calls: {
    /** Adds up the primes of its share. */
    sumPrimes: () => { node: string; sum: number }
  }
}

/** In charge of the numbers of one share. */
export const Adder = genServer<Adder>('workers.adder')({
  init: (share: Share) => share,
  calls: {
    sumPrimes: (share, _, self) => {
      let sum = 0
      for (let n = share.from; n < share.to; n++) if (isPrime(n)) sum += n
      return reply({ node: self.node, sum }, share)
    },
  },
})

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false
  return n > 1
}

/** Takes its whole thread down when it is told anything, as a fault in native code would. */
export const Fault = process('workers.fault', async (self: Self) => {
  await self.receive()
  exit(1)
})

export const modules = [Adder, Fault]
export const options: WorkerOptions = { quiet: true }
