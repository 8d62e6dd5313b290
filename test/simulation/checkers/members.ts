/**
 * The member list. At any time: nobody is told that a node left or was started again before it did.
 * After everything is healed all lists are the same: whoever lives is up in each, as it lives now,
 * and nobody else is. From `calm` on, when all was well, nobody is told that a living node is down.
 */
import type { Happening, HappeningOf } from '../happening.ts'
import type { MakeChecker } from './checker.ts'
import { Lives } from './lives.ts'

export type Listed = Omit<HappeningOf<'listed'>, 'tag'>

export const memberLists: MakeChecker = (_facts, accuse) => {
  const lives = new Lives()
  const lists = new Map<string, Listed>()
  let calm = false
  const judge = ({ at, of, reason }: HappeningOf<'memberDown'>): void => {
    if (!lives.isOn(of)) return
    if (reason === 'restarted' || reason === 'left') {
      // By the clock of such a node its former life is the later one, until it hears of it.
      if (lives.isBehind(of) || (reason === 'left' && lives.hasBegunToStop(of))) return
      const what = reason === 'left' ? 'left' : 'was started again'
      accuse(`${at} was told that ${of} ${what}; it lives`)
    } else if (
      reason === 'unreachable' &&
      calm &&
      ![at, of].some((node) => lives.isStranger(node))
    ) {
      accuse(`${at} was told that ${of} is down; it lives and all was well`)
    }
  }
  return {
    name: 'members',
    see(happening: Happening) {
      lives.see(happening)
      if (happening.tag === 'memberDown') judge(happening)
      else if (happening.tag === 'calm') calm = true
      else if (happening.tag === 'listed') lists.set(happening.node, happening)
      else if (happening.tag === 'settled') {
        calm = false
        for (const fault of memberFaults([...lists.values()], lives)) accuse(fault)
      }
    },
    finish: () => undefined,
  }
}

export function memberFaults(lists: readonly Listed[], lives: Lives): readonly string[] {
  const { known } = lives
  return lists.flatMap(({ node, members }) => {
    if (lives.isStranger(node)) return []
    const states = new Map(members.map((member) => [member.node, member.state]))
    const missing = known.filter((other) => states.get(other) !== 'up')
    const undead = members.filter(
      (member) =>
        (member.state === 'up' || member.state === 'suspect') &&
        !lives.isOn(member.node) &&
        !lives.isStranger(member.node),
    )
    return [
      ...missing.map((other) => `${node} lists ${other} as ${states.get(other) ?? 'nothing'}`),
      ...undead.map((other) => `${node} lists ${other.node} as ${other.state}; it does not live`),
    ]
  })
}
