/** The 256 words of casync's rolling hash as little-endian 32-bit numbers, in base64. */
const words =
  "UueLRcxIB8G427z7aFvtbbWCCrFIVtcgX2bF3wGIQqiRUb9+xzURhLNTzGV8WQooVQL2Fj68jMf1FUQplNQ4uebEhezcPtO3" +
  "RLVJ5aql7f2H8iuIfHMWMVaZVgVoH8zoXqwGCENEoSIQfikV55DQUG8Ppkun8dnvXIhcXJMvSIJkfP2bdnI+C3eOaPK8iq2P" +
  "aJVQsJ+irfH+/T6lAB0ry4bpqfIrQ2NkUUAJldI6IlobQOiby3nlYRRqVRrC/UBY9t1hkrsC4M2wK0NSPjcXvy8ifHsW7VUp" +
  "WcoQn8nEQOgG2KvMND9UFHpBYhScH0oNJdl+CEzy+NclxDhz9ciGz81lkbGTw5GYrIRTMp1FCAN+HRSGahEiybam/+LtKvVT" +
  "l2HYLJj0ufWPnDG/rh9B4Iyxfpd2CXfYakYzmH/fdMZFfSmMJo2kjOLYnsR0+ERzx3lvVe3qJWtCKz6gpGaP9qIJi44q5uDy" +
  "Bpg6DZPkKZf8sHKM9pQLFj1NDkWFDjJ64fD4vlM21yF6lz1OKTl7HhnHxhxTjUe+CSh1jcbC2OaSCF8nc8KsyIAVwkwXpsTs" +
  "cL739YoklefpL1o3tnBVQvjcmIjEly3cSxEGAS/CTTYfrQwePIBjvsL6aV9v+lpNtd/AG4k1J/t7f6QOUCscPDKpsiH9IxJr" +
  "qAbnL+JsvflO5miihvSH6WP1rD6MAaIcKILhZQo2ByIVF89XK33DNN48jx/PV7aT/RmgMSm3nuabe8qL7VudTK++fieu+Njg" +
  "HIJQ0XEYODGw8cOvKLN9kqz/Xum9R1owW6NrQj+vMxKDW2po5XLgUCq709l1xO+L5g1/SIn/jcheTWa9GF0bl0dIsWPOwdPX" +
  "8zxYfwnLy3IcqNDAm0KjfxuKFemaoV4io57K2IKyY8dBYwy7k4ILAp0pzdT4p89YU+60kUDR5DdMduyVBmv3MCSN5l5hhpxn" +
  "wnkZpIQStvJ1FKxP+UnbCiN6chl046cV1Rg6xHOqsT8Vxi80kwdMkvDX4r7pnSeKDNeiSn/TTeILLIa+wiJ8F+7liFMQdYrN" +
  "/bQB+bw9wdtbrgtsx+jvZHkgsEhJGjOA5oo9ypBhVPOLENf+G5SbxKn0ujJKOoPrpfGjiArOkTqhfcI8hOYScbGWMEpMV5Q3" +
  "87bIo0E5IR0ALgpu8Xk0Iy/YTA/S7ZNgniB9XRnjT0aerNzUy0W4DcNLXvvhbCXg0U77CR6+FAnDsr2lu1frxlADMjCRfjk/" +
  "vJF3piwOvIbip6DvQ3X/6SxhM+d7iYXRiFOeMmsj3ZGTDcsuPSrY9D/AtTXwBubkQxiyBWRZtDf0Iv9ezPQnYDyLF3cxcVCu" +
  "vMr3e2aNwfll3jpZEd9d2Q==";

/**
 * The words of casync's rolling hash, one for each value of a byte.
 *
 * @see docs/cutters.md, casync
 */
export function buzhashTable(): Int32Array {
  const bytes = Uint8Array.from(atob(words), (char) => char.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Int32Array.from({ length: 256 }, (_, byte) => view.getInt32(4 * byte, true));
}
