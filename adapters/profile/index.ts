export {
  containerProfile,
  operatorProfile,
  type ProfileOptions,
  podSecurityContext,
  type SeccompProfile,
} from './container-profile.js';
