# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an install, its cluster, the nodes' roles and a topic may be called, each as a pattern and in words: pure.

https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
"""

from __future__ import annotations

# It ends up in names of IAM roles, which have at most 64 characters, beside a region and a purpose.
INSTALL = ("[A-Za-z0-9][A-Za-z0-9_-]{0,23}", "1 to 24 letters, digits, _ and -, the first not _ or -")
CLUSTER = ("[A-Za-z0-9][A-Za-z0-9_-]{0,99}", "1 to 100 letters, digits, _ and -, the first not _ or -")
ROLE = ("[A-Za-z0-9_+=,.@-]{1,64}", "names of roles, not ARNs, of 1 to 64 letters, digits or any of _ + = , . @ -")
TOPIC = (r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}", "an SNS topic's ARN")
