import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { operations } from '../conformance/operations.ts'
import { eventually } from '../local/harness.ts'
import { aDocument, type Driving, inputOf, isOver } from './driving.ts'

/** Every operation with ids of its own, as in the conformance tests. */
export const driveOperations = async (at: Driving) => {
  for (const [n, { given, call: last }] of Object.values(operations).entries()) {
    for (const [method, input] of [...given, last]) {
      const own = JSON.stringify(input).replaceAll(/-([0-9a-f]{4})-/g, `-${n}x$1-`)
      await at.drive(method, JSON.parse(own))
    }
  }
}

/** A job that is done, one that is cancelled while its bytes move, both asked for and cancelled again, and lists. */
export const driveJobs = async (at: Driving) => {
  // The large one is all holes, and takes long enough to be cancelled in the middle.
  for (const [id, size, bytes] of [['small', 1, 2 ** 20] as const, ['large', 64, 2 ** 36] as const]) {
    const image = join(at.folder, 'images', `${id}.raw`)
    await writeFile(image, '')
    await truncate(image, bytes)
    await at.drive('create_volume', { volume: { id, size } })
  }
  const small = { ...inputOf('small'), idempotencyKey: 'small' }
  const { jobId } = await at.drive('copy_image_to_volume', small)
  await at.jobIs(jobId, ({ status }) => status === 'succeeded')
  await at.drive('copy_image_to_volume', small)
  await at.call('POST', `/jobs/${jobId}/cancel`)

  const large = { kind: 'copy-image-to-volume', input: inputOf('large'), idempotencyKey: 'large' }
  const { id } = await at.call('POST', '/jobs', large)
  await at.jobIs(id, ({ step }) => step === 'copy')
  await at.call('POST', '/jobs', large)
  await Promise.all([at.call('GET', '/jobs'), at.call('GET', `/jobs?status=running&marker=${jobId}`)])
  await at.call('POST', `/jobs/${id}/cancel`)
  await at.jobIs(id, ({ status }) => status === 'cancelled')

  const source = { id: 'small' }
  const failing = { kind: 'copy-image-to-volume', input: { ...inputOf('small'), volume: { id: 'none' } } }
  const { id: failed } = await at.call('POST', '/jobs', failing)
  await at.jobIs(failed, ({ status }) => status === 'failed')
  const none = { volume: { id: 'none' } }
  const clone = { volume: { id: 'clone', size: 1 }, src_vref: source }
  await driveJob(at, 'clone-volume', clone, { src_vref: none.volume })
  await at.drive('create_snapshot', { snapshot: { id: 'of-clone', volume_id: 'clone' } })
  const volume = { id: 'clone' }
  const new_type = { extra_specs: { storpool_template: 'ssd' } }
  await driveJob(at, 'retype-volume', { volume, new_type }, none)
  await driveJob(at, 'revert-volume', { volume, snapshot: { id: 'of-clone' } }, none)
  // One that has snapshots stays where they are.
  await at.drive('create_volume', { volume: { id: 'moving', size: 1 } })
  await driveJob(at, 'migrate-volume', { volume: { id: 'moving' }, cluster: 'beta' }, none)
}

/** A job that is done, and one that fails. */
const driveJob = async (at: Driving, kind: string, input: object, wrong: object) => {
  const { id } = await at.call('POST', '/jobs', { kind, input })
  await at.jobIs(id, ({ status }) => status === 'succeeded')
  const { id: failing } = await at.call('POST', '/jobs', { kind, input: { ...input, ...wrong } })
  await at.jobIs(failing, ({ status }) => status === 'failed')
}

/** An image at an address with a signature, on a server that may not be asked: each way in, and again at its end. */
export const driveSigned = async (at: Driving) => {
  const source = { kind: 'https', url: 'https://127.0.0.1:9/image?signature=1' }
  const input = { volume: { id: 'small' }, image: { source, format: 'raw' } }
  const [driven, asked] = [
    { ...input, idempotencyKey: 'driven' },
    { kind: 'copy-image-to-volume', input, idempotencyKey: 'asked' },
  ]
  const sent = { ...aDocument(), input: { ...input, host: 'host-1' } }
  for (let time = 0; time < 2; time++) {
    await at.send(JSON.stringify(sent))
    const [{ jobId }, { id }] = await Promise.all([
      at.drive('copy_image_to_volume', driven),
      at.call('POST', '/jobs', asked),
    ])
    await eventually(() => at.system.queues.depth('JobsQueue') === 0)
    await Promise.all([jobId, id, sent.id].map((one) => at.jobIs(one, isOver)))
  }
}

/** Jobs with a store that no agent knows: each comes as far as asking for it, and undoes what it did. */
export const driveStores = async (at: Driving) => {
  const snapshotId = '0'.repeat(64)
  const backup = { repository: 'none', snapshotId }
  const destination = { kind: 'folder', store: 'none', name: 'image' }
  const driven: [string, object][] = [
    ['copy_volume_to_image', { volume: { id: 'small' }, image: { destination } }],
    ['backup_volume', { volume: { id: 'small' }, repository: 'none' }],
    ['restore_backup', { volume: { id: 'small' }, backup: { ...backup, sizeBytes: 2 ** 30 } }],
  ]
  for (const [method, input] of driven) {
    const keyed = { ...input, idempotencyKey: method }
    const { jobId } = await at.drive(method, keyed)
    await at.jobIs(jobId, isOver)
    await at.drive(method, keyed)
  }
  for (const [kind, input] of Object.entries({
    'delete-backup': { backup },
    'check-backup': { repository: 'none' },
  })) {
    const { id } = await at.call('POST', '/jobs', { kind, input })
    await at.jobIs(id, isOver)
  }
}
