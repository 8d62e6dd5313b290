/**
 * Many node programs that form one overlay, and what is asked of all of them at once. A condition
 * is a function that names what does not hold yet; whoever waits in vain is told that name.
 */
import { defaultMembershipOptions } from '../../src/membership/index.ts'
import { until } from '../support/until.ts'
import type { ClusterLook } from './cluster-watch.ts'
import type { Program } from './program.ts'

/** What each of them sees, by name. */
export type Looks = ReadonlyMap<string, ClusterLook>
/** What does not hold yet; undefined when all is as it should be. */
export type Condition = (looks: Looks) => string | undefined

const pollMs = 200

export async function lookAt(programs: readonly Program[]): Promise<Looks> {
  const looks = programs.map(async (program) => {
    return [program.name, await program.ask({ op: 'cluster' })] as const
  })
  return new Map(await Promise.all(looks))
}

/** Asks again until all conditions hold; resolves with the milliseconds that took. */
export async function untilAll(
  programs: readonly Program[],
  conditions: readonly Condition[],
  timeoutMs: number,
): Promise<number> {
  const startMs = performance.now()
  let faults: readonly string[] = ['nobody has answered']
  let failure: { readonly error: unknown } | undefined
  let nextMs = startMs
  const ask = async (): Promise<void> => {
    try {
      const looks = await lookAt(programs)
      faults = conditions.flatMap((condition) => condition(looks) ?? [])
    } catch (error) {
      failure = { error }
    }
    nextMs = performance.now() + pollMs
  }
  const isSo = (): boolean => {
    if (failure !== undefined) throw failure.error
    if (faults.length > 0 && performance.now() >= nextMs) {
      nextMs = Number.POSITIVE_INFINITY
      void ask()
    }
    return faults.length === 0
  }
  await until('many programs', isSo, timeoutMs).catch((error: unknown) => {
    throw failure === undefined ? new Error(`in vain: ${faults.join('; ')}`) : error
  })
  return Math.round(performance.now() - startMs)
}

/**
 * One overlay of exactly those who look: active views of at least `least` peers and within their
 * bound, edges that both ends have, and a way from each to every other.
 */
export function oneOverlay(least: number): Condition {
  const { activeSize, passiveSize } = defaultMembershipOptions
  return (looks) => {
    for (const [name, { active, passive }] of looks) {
      if (active.length > activeSize) throw new Error(`${name} has ${active.length} peers`)
      if (passive.length > passiveSize) throw new Error(`${name} knows ${passive.length} spares`)
      if (active.length < least) return `${name} has only ${active.length} peers`
      for (const peer of active) {
        const other = looks.get(peer)
        if (other === undefined) return `${name} has the peer ${peer}, which is gone`
        if (!other.active.includes(name)) return `only ${name} has the edge to ${peer}`
      }
    }
    const reached = reachable(looks)
    return reached === looks.size ? undefined : `only ${reached} of ${looks.size} are connected`
  }
}

function reachable(looks: Looks): number {
  const [first] = looks.keys()
  const reached = new Set(first === undefined ? [] : [first])
  for (const name of reached) {
    for (const peer of looks.get(name)?.active ?? []) reached.add(peer)
  }
  return reached.size
}

/** Edges from one of `nodes` to a node that is none of them. */
export function edgesOutOf(nodes: readonly string[], looks: Looks): number {
  const active = nodes.flatMap((name) => looks.get(name)?.active ?? [])
  return active.filter((peer) => !nodes.includes(peer)).length
}

/** Every member list says `state` of each of `nodes`. */
export function everybodySays(state: 'up' | 'down', nodes: readonly string[]): Condition {
  return (looks) => {
    for (const [name, { members }] of looks) {
      const other = nodes.find((node) => members[node] !== state)
      if (other !== undefined) return `${name} says ${members[other]} of ${other}, not ${state}`
    }
    return undefined
  }
}

/** Each of those who look has heard each text, and none twice. */
export function everybodyHeard(texts: readonly string[]): Condition {
  return (looks) => {
    for (const [name, { heard }] of looks) {
      for (const [text, times] of Object.entries(heard)) {
        if (times > 1) throw new Error(`${name} heard "${text}" ${times} times`)
      }
      const missed = texts.find((text) => heard[text] === undefined)
      if (missed !== undefined) return `${name} has not heard "${missed}"`
    }
    return undefined
  }
}

export function namesOf(programs: readonly Program[]): readonly string[] {
  return programs.map(({ name }) => name)
}

/** A broadcast by one of them; resolves with its text when it is on its way. */
export async function tell(program: Program, what: string): Promise<string> {
  const text = `${what}, by ${program.name}`
  const published = await program.ask({ op: 'tell', text })
  if (published.tag === 'error') throw new Error(`${text}: ${published.reason}`)
  return text
}
