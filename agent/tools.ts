import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface Tools {
  readonly qemuImg: string | undefined
  /** Ends a child when the agent dies. */
  readonly setpriv: string | undefined
  /** Bounds what a child may take. */
  readonly prlimit: string | undefined
}

/** The programs the agent runs, found once. `path` is a list of folders as in `PATH`. */
export const findTools = (path = process.env.PATH ?? '/usr/bin:/bin'): Tools => {
  const find = (name: string) =>
    path
      .split(delimiter)
      .filter(Boolean)
      .map((folder) => join(folder, name))
      .find(isExecutable)
  return { qemuImg: find('qemu-img'), setpriv: find('setpriv'), prlimit: find('prlimit') }
}

/** What is missing, each as a sentence with its remedy. */
export const missingTools = ({ qemuImg, setpriv, prlimit }: Tools): string[] => [
  ...(qemuImg
    ? []
    : ['qemu-img is missing, so no image can be copied: run npm run setup, or apt-get install qemu-utils']),
  ...(setpriv
    ? []
    : [
        'setpriv is missing, so a copy may outlive a killed agent until it starts again: apt-get install util-linux',
      ]),
  ...(prlimit ? [] : ['prlimit is missing, so children run without limits: apt-get install util-linux']),
]

const isExecutable = (file: string) => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
