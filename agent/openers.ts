import { readdir, readFile, readlink, realpath, stat } from 'node:fs/promises'
import type { Opener, Openers } from '../lib/agent/protocol.ts'
import { deviceNumber, type Found } from './devices.ts'

/** What `/proc/PID/fd` shows that is no file: not worth a look, and there are many. */
const noFile = /^(?:socket|pipe|anon_inode|net|mnt):/

/**
 * Who holds a device: processes that have it open, what is mounted from it, devices made on top of it, swap. The
 * agent itself is none of them, nor its children.
 *
 * @param isOwn whether a process is a child of the agent's
 */
export const openersOf = async (found: Found, isOwn: (pid: string) => Promise<boolean>): Promise<Openers> => {
  const { isSame, numbers } = await identityOf(found)
  const processes = await holdingProcesses(isSame, isOwn)
  const [mounts, swaps] = await Promise.all([mountsOf(numbers), swapsOf(isSame)])
  return {
    openers: [...processes.openers, ...mounts, ...swaps, ...(await stackedOn(found, numbers))],
    complete: processes.complete,
  }
}

type IsSame = (path: string) => Promise<boolean>

/** A block device is its number, under whatever name; a file is where it is kept. */
const identityOf = async ({ real, kind }: Found): Promise<{ isSame: IsSame; numbers: readonly string[] }> => {
  const mine = await stat(real)
  if (kind === 'file') {
    const isSame = async (path: string) => {
      const { dev, ino } = await stat(path)
      return dev === mine.dev && ino === mine.ino
    }
    return { isSame, numbers: [] }
  }
  const numbers = await withPartitions(deviceNumber(mine.rdev))
  const isSame = async (path: string) => {
    const other = await stat(path)
    return other.isBlockDevice() && numbers.includes(deviceNumber(other.rdev))
  }
  return { isSame, numbers }
}

const withPartitions = async (number: string): Promise<string[]> => {
  const folder = `/sys/dev/block/${number}`
  const names = await readdir(folder).catch(() => [])
  const numbers = names.map((name) =>
    readFile(`${folder}/${name}/dev`, 'utf8').then((text) => text.trim(), nothing),
  )
  const isPartition = names.map((name) => stat(`${folder}/${name}/partition`).then(() => true, nothing))
  const [all, partitions] = await Promise.all([Promise.all(numbers), Promise.all(isPartition)])
  return [number, ...all.flatMap((one, index) => (one !== undefined && partitions[index] ? [one] : []))]
}

const holdingProcesses = async (
  isSame: IsSame,
  isOwn: (pid: string) => Promise<boolean>,
): Promise<Openers> => {
  const openers: Opener[] = []
  let complete = true
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue
    const descriptors = await readdir(`/proc/${pid}/fd`).catch((error: NodeJS.ErrnoException) => {
      // Gone meanwhile is well; closed to us is not.
      if (error.code === 'EACCES' || error.code === 'EPERM') complete = false
      return []
    })
    const looks = descriptors.map(async (name) => {
      const path = `/proc/${pid}/fd/${name}`
      return !noFile.test(await readlink(path)) && isSame(path)
    })
    const held = await Promise.all(looks.map((look) => look.catch(nothing)))
    if (!held.includes(true) || (await isOwn(pid))) continue
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
    openers.push({ kind: 'process', pid: Number(pid), name: name.trim() })
  }
  return { openers, complete }
}

/** Of this mount namespace; the third field is the device, the fifth the folder. */
const mountsOf = async (numbers: readonly string[]): Promise<Opener[]> => {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')).split('\n')
  return lines.flatMap((line) => {
    const [, , number = '', , folder = ''] = line.split(' ')
    return numbers.includes(number) ? [{ kind: 'mount' as const, name: unescaped(folder) }] : []
  })
}

/** A blank in a path is written as `\040`. */
const unescaped = (path: string) =>
  path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))

const swapsOf = async (isSame: IsSame): Promise<Opener[]> => {
  const [, ...lines] = (await readFile('/proc/swaps', 'utf8').catch(() => '')).trimEnd().split('\n')
  const areas = lines.map((line) => line.split(/\s/)[0] ?? '')
  const held = await Promise.all(areas.map((area) => isSame(area).catch(nothing)))
  return areas.filter((_, index) => held[index]).map((name) => ({ kind: 'swap', name }))
}

/** Device mapper, md and the like on a block device; a loop device on a file. */
const stackedOn = async ({ kind, real }: Found, numbers: readonly string[]): Promise<Opener[]> => {
  const names = kind === 'block' ? await holders(numbers) : await loops(await realpath(real))
  return [...new Set(names)].map((name) => ({ kind: 'device', name }))
}

const holders = async (numbers: readonly string[]): Promise<string[]> => {
  const lists = numbers.map((number) => readdir(`/sys/dev/block/${number}/holders`).catch(() => []))
  return (await Promise.all(lists)).flat()
}

const loops = async (file: string): Promise<string[]> => {
  const names = (await readdir('/sys/block').catch(() => [])).filter((name) => name.startsWith('loop'))
  const files = names.map((name) => readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => ''))
  const backing = await Promise.all(files)
  return names.filter((_, index) => backing[index]?.trimEnd() === file)
}

const nothing = () => undefined
