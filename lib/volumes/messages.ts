import { v4 } from 'uuid'
import type { BlockStorage } from './block-storage.ts'
import type { SnapshotRecord, VolumeRecord } from './record.ts'

/** How long messages are kept, in seconds: Cinder's default, 30 days. */
const KEPT_SECONDS = 30 * 24 * 3600

/** Tell the user why something did not work that was answered with 202. */
export async function leaveMessage(
  storage: BlockStorage,
  about: Pick<VolumeRecord | SnapshotRecord, 'id' | 'project'>,
  doing: string,
  reason: string,
  resourceType = 'VOLUME',
): Promise<void> {
  const createdAt = storage.now()
  await storage.messages.create({
    id: v4(),
    project: about.project,
    name: null,
    createdAt,
    updatedAt: null,
    version: 0,
    requestId: storage.requestId,
    eventId: `VOLUME_${resourceType}_001_001`,
    resourceType,
    resourceId: about.id,
    userMessage: `${doing}: ${reason}`.slice(0, 1024),
    level: 'ERROR',
    ttl: Math.floor(Date.parse(createdAt) / 1000) + KEPT_SECONDS,
  })
}
