# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# In the folder of a driver: makes a key and its certificate, and signs the module with it.
openssl req -new -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=My modules/" \
	-outform DER -keyout MOK.priv -out MOK.der
make sign KEY=MOK.priv CERT=MOK.der
modinfo -F signer build/signed/*.ko
