"""What the papers report, as printed there (REFERENCE.md sections 3 and 4)."""

import pandas as pd

_PM = "±"

_TABLE_1 = """
ResNet50-RandInit   .932 .019 .825 .002 .438 .012 .266 .024 .892 .013 .670 .011
ResNet50-ImageNet   .970 .005 .884 .005 .541 .016 .341 .022 .953 .004 .738 .005
ResNet50-BiT-S      .976 .005 .902 .006 .562 .015 .388 .030 .958 .006 .757 .010
ResNet50-BiT-M      .976 .005 .900 .013 .565 .029 .375 .041 .960 .008 .755 .012
ResNet101-RandInit  .929 .024 .803 .036 .414 .057 .240 .059 .885 .022 .654 .038
ResNet101-ImageNet  .971 .004 .899 .011 .542 .022 .355 .035 .960 .006 .746 .005
ResNet101-BiT-S     .978 .008 .911 .004 .581 .021 .388 .033 .963 .002 .764 .009
ResNet101-BiT-M     .983 .003 .919 .002 .612 .022 .409 .045 .968 .003 .778 .011
"""

_CLASSES = ["normal", "obsolescent", "solidified", "disappearing", "non-glomerulus"]


def transfer() -> pd.DataFrame:
    """GGS paper, Table I: F1 by class and macro F1, mean and standard deviation."""
    rows = []
    for line in _TABLE_1.strip().splitlines():
        name, *numbers = line.split()
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        rows.append([name, *(f"0{mean} {_PM} 0{spread}" for mean, spread in pairs)])
    titles = [*(f"F1 {name}" for name in _CLASSES), "macro F1"]
    return pd.DataFrame(rows, columns=["arm", *titles])


def external() -> pd.DataFrame:
    """GGS paper, Fig. 4: AUC on the external set, as its text and legend give it."""
    rows = [("ResNet101-RandInit", 0.809), ("ResNet101-ImageNet", 0.946)]
    rows.append(("ResNet101-BiT-M", 0.994))
    return pd.DataFrame(rows, columns=["arm", "AUC normal_vs_others, external"])


def filtering() -> pd.DataFrame:
    """GGS paper, Tables II and III."""
    return pd.DataFrame(
        [
            ("CircleNet-V1", "no", 0.504, 0.729, 0.511, 0.363, 0.721),
            ("CircleNet-V1", "yes", 0.554, 0.825, 0.550, 0.446, 0.729),
            ("CircleNet-V2", "no", 0.620, 0.915, 0.602, 0.531, 0.756),
            ("CircleNet-V2", "yes", 0.631, 0.941, 0.614, 0.554, 0.757),
        ],
        columns=["arm", "filter", "AP", "AP50", "AP75", "AP_S", "AP_M"],
    )


def circlemix() -> pd.DataFrame:
    """CircleMix paper, Tables 1 and 2: balanced accuracy and macro F1 in percent."""
    columns = ["binary", "C5", "C5+NC2", "C5+C3", "C5+C2"]
    accuracy = {
        "none": (98.9, 69.4, 70.7, 67.9, 68.6),
        "CutMix": (99.1, 67.9, 68.3, 62.6, 67.9),
        "CircleMix": (99.2, 73.0, 73.5, 66.7, 71.8),
    }
    f1 = {
        "none": (98.0, 67.8, 69.1, 67.8, 67.0),
        "CutMix": (98.4, 67.7, 68.1, 64.4, 67.6),
        "CircleMix": (98.6, 69.8, 70.2, 68.4, 69.0),
    }
    rows = [
        [mixing, figure, *values[mixing]]
        for mixing in accuracy
        for figure, values in (("balanced accuracy", accuracy), ("macro F1", f1))
    ]
    return pd.DataFrame(rows, columns=["mixing", "figure", *columns])
