/**
 * A checker: one rule over the happenings of a run, judged as they come; `finish` judges what must
 * have come by the end of the liveness phase. It sees nothing but happenings, so that a planted
 * sequence of them proves it.
 */
import type { Happening } from '../happening.ts'

/** What a checker may ask of the run. */
export type Facts = {
  readonly nowMs: number
  /** True when the process has ended, with its node or by itself. */
  isDead(pid: string): boolean
  /** How it ended; undefined while it lives, or when its node crashed. */
  reasonOf(pid: string): string | undefined
}

export type Checker = {
  readonly name: string
  see(happening: Happening): void
  finish(): void
}

export type Accuse = (message: string) => void

export type MakeChecker = (facts: Facts, accuse: Accuse) => Checker
