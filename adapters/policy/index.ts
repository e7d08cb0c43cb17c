export { maximumPolicyBytes, parsePolicyText, readPolicy } from './read-policy.js';
