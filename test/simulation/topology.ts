/**
 * Who talks to whom: a ring with chords, so that every node has about as many neighbours as wanted
 * and there is a way from everybody to everybody. Being a neighbour is mutual.
 */
import type { Random } from '../../runtime/platform/platform.ts'

export type Neighbours = ReadonlyMap<string, readonly string[]>

/** `degree` neighbours for each node on average; at least the two of the ring. */
export function drawNeighbours(
  random: Random,
  nodes: readonly string[],
  degree: number,
): Neighbours {
  const sets = new Map(nodes.map((name) => [name, new Set<string>()]))
  const join = (a: string | undefined, b: string | undefined): void => {
    if (a === undefined || b === undefined || a === b) return
    sets.get(a)?.add(b)
    sets.get(b)?.add(a)
  }
  nodes.forEach((name, i) => {
    join(name, nodes[(i + 1) % nodes.length])
  })
  if (degree >= nodes.length - 1) for (const a of nodes) for (const b of nodes) join(a, b)
  else {
    const someNode = (): string | undefined => nodes[Math.floor(random.unit() * nodes.length)]
    for (let left = (nodes.length * (degree - 2)) / 2; left > 0; left--)
      join(someNode(), someNode())
  }
  return new Map([...sets].map(([name, set]) => [name, [...set]]))
}
