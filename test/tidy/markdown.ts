/**
 * Documents: one title, first; every relative link leads to a file of the project, and its fragment
 * to a heading there. Links are what rots first when files move.
 */
import { posix } from 'node:path'
import type { Repo, Violation } from './source.ts'

export function markdownRule(repo: Repo): Violation[] {
  const found: Violation[] = []
  for (const [path, text] of repo.texts) {
    if (!path.endsWith('.md')) continue
    const lines = proseOf(text)
    const titles = lines.flatMap((line, index) => (/^# \S/.test(line) ? [index + 1] : []))
    if (titles.length !== 1) {
      const message = `${titles.length} titles (# ...): a document has one`
      found.push({ path, line: titles[1] ?? 1, message })
    }
    if (
      titles.length > 0 &&
      lines.slice(0, (titles[0] ?? 1) - 1).some((line) => line.trim() !== '')
    ) {
      found.push({ path, line: 1, message: 'a document begins with its title' })
    }
    lines.forEach((line, index) => {
      for (const link of linksOf(line)) {
        const message = judgeLink(repo, path, link)
        if (message !== undefined) found.push({ path, line: index + 1, message })
      }
    })
  }
  return found
}

/** The lines with code blanked, so that numbers stay and samples are not read as prose. */
function proseOf(text: string): string[] {
  let fence: string | undefined
  return text.split('\n').map((line) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1]
    if (fence !== undefined) {
      if (mark?.startsWith(fence) === true) fence = undefined
      return ''
    }
    fence = mark
    return mark === undefined ? line : ''
  })
}

function linksOf(line: string): string[] {
  const prose = line.replace(/`[^`]*`/g, '')
  const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)/g)]
  const definitions = [...prose.matchAll(/^\s*\[[^\]]+\]:\s+(\S+)/g)]
  return [...inline, ...definitions].map((match) => match[1] ?? '')
}

function judgeLink(repo: Repo, from: string, link: string): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return undefined
  const [file = '', fragment] = decodeURI(link).split('#')
  const target = file === '' ? from : posix.join(posix.dirname(from), file)
  const text = repo.texts.get(target)
  if (text === undefined) {
    const folder = target.endsWith('/') ? target : `${target}/`
    const exists = [...repo.texts.keys()].some((path) => path.startsWith(folder))
    return exists ? undefined : `broken link: ${target} does not exist`
  }
  if (fragment === undefined || !target.endsWith('.md')) return undefined
  const anchors = proseOf(text)
    .filter((line) => /^#+ /.test(line))
    .map(anchorOf)
  return anchors.includes(fragment)
    ? undefined
    : `broken link: ${target} has no heading #${fragment}`
}

/** The fragment that code hosts give a heading. */
function anchorOf(heading: string): string {
  return heading
    .replace(/^#+\s+/, '')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')
}
