/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A server of AMD's: two IOMMUs, one of them in the words of old software and of
 * new, and memory of each kind. */
[0004]                          Signature : "IVRS"
[0004]                       Table Length : 00000000
[0001]                           Revision : 02
[0001]                           Checksum : 00
[0006]                             Oem ID : "IOMM  "
[0008]                       Oem Table ID : "SAMPLE  "
[0004]                       Oem Revision : 00000001
[0004]                    Asl Compiler ID : "INTL"
[0004]              Asl Compiler Revision : 00000000

[0004]                Virtualization Info : 00203041
[0008]                           Reserved : 0000000000000000

[0001]                      Subtable Type : 10
[0001]                              Flags : B0
[0002]                             Length : 0028
[0002]                           DeviceId : 0002
[0002]                  Capability Offset : 0040
[0008]                       Base Address : 00000000FD800000
[0002]                  PCI Segment Group : 0000
[0002]                Virtualization Info : 0000
[0004]                  Feature Reporting : 80048824

[0001]                         Entry Type : 03
[0002]                          Device ID : 0003
[0001]                       Data Setting : 00

[0001]                         Entry Type : 04
[0002]                          Device ID : 1FFE
[0001]                       Data Setting : 00

[0001]                         Entry Type : 48
[0002]                          Device ID : 0000
[0001]                       Data Setting : D7
[0001]                             Handle : 80
[0002]              Source Used Device ID : 00A0
[0001]                            Variety : 01

[0001]                      Subtable Type : 11
[0001]                              Flags : 30
[0002]                             Length : 0074
[0002]                           DeviceId : 0002
[0002]                  Capability Offset : 0040
[0008]                       Base Address : 00000000FD800000
[0002]                  PCI Segment Group : 0000
[0002]                Virtualization Info : 0000
[0004]                         Attributes : 00040000
[0008]                          EFR Image : 00058F77EF22294A
[0008]                           Reserved : 0000000000000000

[0001]                         Entry Type : 03
[0002]                          Device ID : 0003
[0001]                       Data Setting : 00

[0001]                         Entry Type : 04
[0002]                          Device ID : 1FFE
[0001]                       Data Setting : 00

[0001]                         Entry Type : 42
[0002]                          Device ID : 0300
[0001]                       Data Setting : 00
[0001]                           Reserved : 00
[0002]              Source Used Device ID : 00A5
[0001]                           Reserved : 00

[0001]                         Entry Type : 43
[0002]                          Device ID : FF00
[0001]                       Data Setting : 00
[0001]                           Reserved : 00
[0002]              Source Used Device ID : 00A5
[0001]                           Reserved : 00

[0001]                         Entry Type : 04
[0002]                          Device ID : FFFF
[0001]                       Data Setting : 00

[0001]                         Entry Type : 46
[0002]                          Device ID : 0100
[0001]                       Data Setting : 10
[0004]                      Extended Data : 80000000

[0001]                         Entry Type : 47
[0002]                          Device ID : 0200
[0001]                       Data Setting : 00
[0004]                      Extended Data : 7FFFFFFF

[0001]                         Entry Type : 04
[0002]                          Device ID : 020F
[0001]                       Data Setting : 00

[0001]                         Entry Type : 00
[0002]                          Device ID : 0000
[0001]                       Data Setting : 00

[0001]                         Entry Type : 40
[0002]                          Device ID : 0000
[0001]                       Data Setting : 00
[0004]                      Extended Data : 00000000

[0001]                         Entry Type : 48
[0002]                          Device ID : 0000
[0001]                       Data Setting : D7
[0001]                             Handle : 80
[0002]              Source Used Device ID : 00A0
[0001]                            Variety : 01

[0001]                         Entry Type : 48
[0002]                          Device ID : 0000
[0001]                       Data Setting : 00
[0001]                             Handle : 00
[0002]              Source Used Device ID : 00A0
[0001]                            Variety : 02

[0001]                      Subtable Type : 10
[0001]                              Flags : 20
[0002]                             Length : 0020
[0002]                           DeviceId : 2002
[0002]                  Capability Offset : 0040
[0008]                       Base Address : 00000000FD900000
[0002]                  PCI Segment Group : 0001
[0002]                Virtualization Info : 0000
[0004]                  Feature Reporting : 80048824

[0001]                         Entry Type : 01
[0002]                          Device ID : 0000
[0001]                       Data Setting : 40

[0001]                         Entry Type : 02
[0002]                          Device ID : 2110
[0001]                       Data Setting : C0

[0001]                      Subtable Type : 20
[0001]                              Flags : 08
[0002]                             Length : 0020
[0002]                           DeviceId : 0000
[0002]                     Auxiliary Data : 0000
[0008]                           Reserved : 0000000000000000
[0008]                      Start Address : 00000000A0000000
[0008]                      Memory Length : 0000000000001000

[0001]                      Subtable Type : 21
[0001]                              Flags : 03
[0002]                             Length : 0020
[0002]                           DeviceId : 0100
[0002]                     Auxiliary Data : 0000
[0008]                           Reserved : 0000000000000000
[0008]                      Start Address : 00000000A1000000
[0008]                      Memory Length : 0000000000002000

[0001]                      Subtable Type : 22
[0001]                              Flags : 05
[0002]                             Length : 0020
[0002]                           DeviceId : 00A5
[0002]                     Auxiliary Data : 0100
[0008]                           Reserved : 0000000000000000
[0008]                      Start Address : 00000000A2000000
[0008]                      Memory Length : 0000000000003000

[0001]                      Subtable Type : 21
[0001]                              Flags : 00
[0002]                             Length : 0020
[0002]                           DeviceId : 0208
[0002]                     Auxiliary Data : 0000
[0008]                           Reserved : 0000000000000000
[0008]                      Start Address : 00000000A3000000
[0008]                      Memory Length : 0000000000001000

