import type { KnownSnapshot, KnownVolume, Volume, VolumeType } from '../driver/model.ts'
import type { SnapshotRecord, TypeRecord, VolumeRecord } from './record.ts'

/** A volume's type as the driver reads it. */
export const driverType = ({ id, name, extraSpecs }: TypeRecord): VolumeType => ({
  id,
  name,
  extra_specs: extraSpecs,
})

/** A volume as the driver knows it. @param type where the operation reads its extra specs */
export const driverVolume = (volume: VolumeRecord, type?: TypeRecord): Volume => ({
  id: volume.id,
  size: volume.size,
  host: volume.host,
  project_id: volume.project,
  ...(volume.globalId !== null && { provider_location: volume.globalId }),
  ...(volume.nameId !== null && { _name_id: volume.nameId }),
  ...(type && { volume_type: driverType(type) }),
})

export const knownVolume = (volume: VolumeRecord): KnownVolume => driverVolume(volume)

export const driverSnapshot = (snapshot: SnapshotRecord): KnownSnapshot => ({
  id: snapshot.id,
  volume_id: snapshot.volumeId,
  volume_size: snapshot.size,
  host: snapshot.host,
  project_id: snapshot.project,
  ...(snapshot.globalId !== null && { provider_location: snapshot.globalId }),
})
