export {
  judgeNative,
  type NativeJudgement,
  type ShareFacts,
  type TargetHandleFacts,
} from '../../core/file-handles/target-facts.js';
export { type Way, type WayJudgement, ways } from '../../core/file-handles/ways.js';
export { handlersModule } from '../seccomp-notify/handlers-module.js';
export { type FileHandleOptions, fileHandle } from './strategy.js';
