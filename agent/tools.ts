import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface Tools {
  readonly qemuImg: string | undefined
  readonly restic: string | undefined
  /** Ends a child when the agent dies, and takes its privileges. */
  readonly setpriv: string | undefined
  /** Bounds what a child may take. */
  readonly prlimit: string | undefined
  /** Gives a child a network of its own, with nothing in it. */
  readonly unshare: string | undefined
}

/** The programs the agent runs, found once. `path` is a list of folders as in `PATH`. */
export const findTools = (path = process.env.PATH ?? '/usr/bin:/bin'): Tools => {
  const find = (name: string) =>
    path
      .split(delimiter)
      .filter(Boolean)
      .map((folder) => join(folder, name))
      .find(isExecutable)
  return {
    qemuImg: find('qemu-img'),
    restic: find('restic'),
    setpriv: find('setpriv'),
    prlimit: find('prlimit'),
    unshare: find('unshare'),
  }
}

/** What is missing, each as a sentence with its remedy. */
export const missingTools = ({ qemuImg, restic, setpriv, prlimit, unshare }: Tools): string[] => [
  ...(qemuImg
    ? []
    : ['qemu-img is missing, so no image can be copied: run npm run setup, or apt-get install qemu-utils']),
  ...(restic
    ? []
    : ['restic is missing, so nothing can be backed up: run npm run setup, or apt-get install restic']),
  ...(setpriv
    ? []
    : [
        'setpriv is missing, so a copy has the rights of the agent, and may outlive it when it is killed: apt-get install util-linux',
      ]),
  ...(prlimit ? [] : ['prlimit is missing, so children run without limits: apt-get install util-linux']),
  ...(unshare ? [] : ["unshare is missing, so children have the host's network: apt-get install util-linux"]),
]

const isExecutable = (file: string) => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
