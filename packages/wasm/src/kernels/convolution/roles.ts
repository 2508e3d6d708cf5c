/** Which dimensions of a weight are the rows and the channels of a convolution; its gradient exchanges them. */
export interface Roles {
  readonly row: 0 | 1;
  readonly channel: 0 | 1;
}
