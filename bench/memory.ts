import { readFile } from 'node:fs/promises'

/** Of a process, in MB. */
export interface Memory {
  /** Resident: with the pages of Node's own program file, which all that run it share. */
  readonly now: number
  readonly highest: number
  /** Resident, shared pages counted in part: by how many processes have them. */
  readonly proportional: number
  /** What is its own: neither of a file nor shared. */
  readonly own: number
}

const mb = (text: string, field: string): number => {
  const [, found = '0'] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text) ?? []
  return Math.round((Number(found) * 1024) / 1e5) / 10
}

export const memoryOf = async (pid: number): Promise<Memory> => {
  const [status, rollup] = await Promise.all(
    ['status', 'smaps_rollup'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
  )
  return {
    now: mb(status ?? '', 'VmRSS'),
    highest: mb(status ?? '', 'VmHWM'),
    proportional: mb(rollup ?? '', 'Pss'),
    own: mb(status ?? '', 'RssAnon'),
  }
}

export const childrenOf = async (pid: number): Promise<string[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean)

/** The most memory each child of a process has had until now, in MB. */
export const memoryOfChildren = async (pid: number): Promise<number[]> => {
  const children = await childrenOf(pid)
  const statuses = await Promise.all(
    children.map((child) => readFile(`/proc/${child}/status`, 'utf8').catch(() => '')),
  )
  return statuses.map((status) => mb(status, 'VmHWM'))
}
