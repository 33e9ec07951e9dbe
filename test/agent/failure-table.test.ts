import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** Everything that can go wrong, and the test that shows what comes of it. */
const failures: Record<string, readonly (readonly [file: string, test: string])[]> = {
  'a function calls twice': [
    ['copy-tasks', 'gives the same task to the same request, and a conflict to another under its id'],
  ],
  'a function dies after its call': [
    ['failures', 'a task goes on though its caller is gone, and is found again'],
  ],
  'the agent is killed': [
    ['crash', 'killed in the middle of a copy and started again, it ends the same'],
    ['crash', 'started again it writes nothing by itself: who has the volume by now, it cannot know'],
    ['crash', 'where another task wrote since it was cut off, it goes on from its start'],
    ['crash', 'a task that was cut off, then %s, is not begun again'],
    ['staging', 'what a task has fetched that was cut off is kept for a day, unless it is cancelled'],
    ['children', 'a child dies with the agent, even one that is killed'],
    ['staging', 'killed while it fetches and started again, it goes on with what is on the disk'],
  ],
  'the host is started again': [
    ['failures', 'asked again after a reboot a task waits until its volume is attached again, and goes on'],
    ['failures', 'a volume attached anew after a reboot is not written by the task of before'],
  ],
  'a stale function detaches': [
    ['attach', 'a release may be repeated, and comes too late after a new attachment'],
  ],
  'a stale function writes': [
    ['attach', 'refuses a lower generation, and the same one from another attachment'],
    ['copy-tasks', 'a higher generation stops the task of a lower one before it is let in'],
    ['memory', 'a generation from before its memory was lost stays refused once a later one was adopted'],
  ],
  'the volume is taken away': [
    ['failing-devices', 'a device that fails under a copy is an io_error, and is not tried again'],
    ['failing-devices', 'a copy onto a device that %s is ended, and its process with it'],
  ],
  'the source breaks off': [
    ['fetch', 'goes on where the connection broke off, as long as the file is the same'],
  ],
  'the source changes': [
    [
      'fetch',
      'a file that changes meanwhile is fetched from its beginning, and then is not what was promised',
    ],
    ['copy', 'notices that the image was replaced while it was copied'],
    ['crash', 'does not go on with an image that was replaced while it was dead'],
  ],
  'the source is not there': [['copy', 'refuses before the first write what cannot be copied']],
  'qemu-img stalls': [['children', 'a qemu-img that makes no progress is begun again twice, then given up']],
  'the staging space is full': [
    ['staging', 'an image that does not fit into the staging space is refused before it is fetched'],
    ['staging', 'a disk that fills up while an image is fetched: no_space, and what had come is removed'],
  ],
  'the volume is smaller than the image': [['copy', 'refuses before the first write what cannot be copied']],
  'the volume changes its size under a task': [
    ['failing-devices', 'a volume that is extended under a copy ends it with size_mismatch'],
  ],
  'the device is open elsewhere': [
    ['devices', 'names who has a device open: process and command'],
    ['devices', 'a release is refused while somebody else has the device open, and has then changed nothing'],
  ],
  'restic ends, or is ended': [
    ['../long/agent/backup-faults', 'restic killed in the middle is an error, and the next try is whole'],
    ['../long/agent/backup-faults', 'cancelled in the middle it leaves no snapshot, no lock and no process'],
  ],
  'the repository cannot be used': [
    [
      '../long/agent/backup-faults',
      'two that begin at once make one repository, which opens with one password alone',
    ],
  ],
  'the journal cannot be written': [
    ['crash', 'while the journal cannot be written it takes on nothing, says so, and mends itself'],
  ],
  'the clock is set': [['failures', 'a clock that is set forward ends no wait and no task']],
  'nobody asks for the end': [['failures', 'how a task ended is kept for whoever asks late']],
  'too much is asked at once': [['failures', 'says when to come again where it takes no more tasks']],
}

/** The agent's part of the checklist of security, and the tests that show it. The image gate and the transports have their own. */
const checklist: typeof failures = {
  'the digest is checked before the first write': [
    ['copy', 'refuses before the first write what cannot be copied'],
    ['staging', 'an image with another digest is never written'],
  ],
  'the bytes that are copied are those that were inspected': [
    ['copy', 'notices that the image was replaced while it was copied'],
    ['staging', 'an image only its owner may read is copied by children who may not'],
  ],
  'staging is private, and is cleared': [
    [
      'staging',
      'an image from a server becomes the volume; nothing of it stays, and its signature is written nowhere',
    ],
    ['staging', 'what no task needs is removed from the staging folder at the start'],
  ],
  'children have another user, no rights, no network, limits, and an end with the agent': [
    ['children', 'as root, a child is another user, with no rights, no network, and limits'],
    ['children', 'what children are not kept from is said, each in one sentence'],
    ['children', 'a child has an environment of three names and nothing of the agent'],
    ['children', 'a child dies with the agent, even one that is killed'],
    ['devices', 'a device is lent to the copy alone, and comes back also after a crash'],
  ],
  'qemu-img never guesses a format': [
    ['children', 'qemu-img is told the format, never to make the target, and to flush it'],
  ],
  'a missing node never becomes a file': [
    ['copy', 'never makes a device: with a link that leads nowhere the copy waits'],
  ],
  'every address is checked, once': [
    ['addresses', 'every address of a name is checked, not the first one alone'],
    ['addresses', 'a name is resolved once, whatever it would mean a moment later'],
    ['fetch', 'a name is resolved once, though the connection breaks and is made again'],
    [
      'staging',
      'a server on an address that is not public is refused unless allowed, and nothing is asked of it',
    ],
  ],
  'redirects are few and each is checked; scheme, port, credentials': [
    ['fetch', 'follows three redirects, each checked like the first, and no fourth'],
    ['fetch', 'goes to %s neither at once nor by a redirect'],
  ],
  'no proxy of the environment': [['fetch', 'no proxy of the environment is asked']],
  'time-outs, a least speed, a bounded size, no encodings': [
    ['fetch', 'gives up on a server that %s'],
    ['fetch', 'refuses %s'],
    [
      'fetch',
      'refuses a file that is longer than the server said it would be, or that it says nothing about',
    ],
    ['fetch', 'refuses a file encoded with %s'],
  ],
  'strangers and silence get nowhere': [
    [
      'tls',
      'silence keeps nobody out: neither connections without a word nor handshakes without a certificate',
    ],
    ['tls', 'speaks TLS 1.3 and nothing older'],
  ],
  'the log says who did what, and no secret': [
    [
      'log',
      'each request that may change something is a line that says who, what and how it ended; none holds a secret',
    ],
  ],
  'the unit leaves the agent what it needs': [['main', 'the unit keeps what the checklist asks for']],
  'secrets stay in memory': [
    [
      'staging',
      'a signed address is not kept over a restart: the task says interrupted, and the same request goes on',
    ],
  ],
}

test.each([...Object.entries(failures), ...Object.entries(checklist)])(
  '%s: there is a test of it',
  (_, tests) => {
    for (const [file, title] of tests) {
      const text = readFileSync(new URL(`${file}.test.ts`, import.meta.url), 'utf8')
      expect(text).toContain(`'${title}'`)
    }
  },
)

/** The rows of docs/agent.md that say which test holds them. */
const named = readFileSync(new URL('../../docs/agent.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => /^\|.*`test\//.test(line))
  .map((line) => [line.split('|')[1]?.trim() ?? '', line] as const)

test('docs/agent.md has a row for each failure and each attack', () => {
  expect(named.length).toBeGreaterThanOrEqual(45)
})

test.each(named)('docs/agent.md, %s: the tests it names are there', (_, line) => {
  const files = [...line.matchAll(/`(test\/[^`]+)`/g)].flatMap(([, file]) => file ?? [])
  for (const file of files) expect(existsSync(new URL(`../../${file}`, import.meta.url)), file).toBe(true)
})
