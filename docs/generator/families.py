"""What stands on which page of the reference: torch/nn's families, and then the other packages.

This is the one place that says so. Every public class of nnlite.nn is to be here once: tests/docs/test_docstrings.py.
"""

# The page of each family: its title, what is said at its top, and the classes under their headings.
FAMILIES = {
    'module': (
        'Module',
        'What every layer, container and loss has. Forward a module computes a function, backward its derivatives.',
        {'Bases': 'Module Criterion Object'},
    ),
    'containers': (
        'Containers',
        'Modules that are made of modules: chains, branches, and wrappers around a single one.',
        {
            'Chains and branches': 'Container Sequential Concat DepthConcat Parallel gModule',
            'Wrappers': 'Decorator Bottle WeightNorm DontCast NaN Profile GPU DataParallelTable',
        },
    ),
    'table': (
        'Table layers',
        'A table is a list of arrays. These layers make tables, take them apart, and compute one array from several.',
        {
            'Containers': 'ConcatTable ParallelTable MapTable CriterionTable',
            'Tables made and taken apart': """SplitTable JoinTable SelectTable NarrowTable FlattenTable ZipTable
                ZipTableOneToMany MixtureTable""",
            'Arithmetic': 'CAddTable CSubTable CMulTable CDivTable CMaxTable CMinTable CAddTensorTable',
            'Pairs': 'DotProduct CosineDistance PairwiseDistance MM MV',
        },
    ),
    'simple': (
        'Simple layers',
        'Layers with and without parameters that need no neighbourhood: matrices, shapes, arithmetic, noise.',
        {
            'With parameters': """Linear LinearWeightNorm PartialLinear SparseLinear IndexLinear Bilinear Maxout Add
                CAdd Mul CMul Cosine Euclidean WeightedEuclidean Kmeans""",
            'Normalization': 'BatchNormalization LayerNormalization Normalize',
            'Shapes': """View Reshape Collapse Transpose Squeeze Unsqueeze Replicate Padding PixelShuffle Contiguous
                Convert Copy""",
            'Selections': 'Narrow Select Index MaskedSelect OneHot',
            'Arithmetic': """AddConstant MulConstant Abs Exp Log Power Square Sqrt Clamp Max Min Mean Sum
                FeatureLPPooling""",
            'Noise and gradients': """Identity Constant Dropout WhiteNoise L1Penalty GradientReversal ZeroGrad
                PrintSize""",
        },
    ),
    'transfer': (
        'Transfer functions',
        'Functions of each number by itself, and of the scores of classes.',
        {
            'Rectifiers': 'ReLU ReLU6 LeakyReLU PReLU RReLU CReLU ELU SoftPlus Threshold',
            'Sigmoids': 'Sigmoid LogSigmoid Tanh HardTanh SoftSign GatedLinearUnit',
            'Shrinking': 'HardShrink SoftShrink TanhShrink',
            'Classes': 'SoftMax SoftMin LogSoftMax SpatialSoftMax SpatialLogSoftMax',
        },
    ),
    'temporal': (
        'Temporal layers',
        'Convolution layers over sequences: input (N, nFrames, frameSize), or without N.',
        {
            'Convolution': 'TemporalConvolution TemporalRowConvolution',
            'Pooling': 'TemporalMaxPooling TemporalSubSampling TemporalDynamicKMaxPooling',
            'Words': 'LookupTable',
        },
    ),
    'spatial': (
        'Spatial layers',
        'Convolution layers over images: input (N, planes, H, W), or without N. Arguments give width before height.',
        {
            'Convolution': """SpatialConvolution SpatialConvolutionMM SpatialDilatedConvolution
                SpatialFullConvolution SpatialDepthWiseConvolution SpatialConvolutionLocal SpatialConvolutionMap
                SpatialFullConvolutionMap""",
            'Pooling': """SpatialMaxPooling SpatialDilatedMaxPooling SpatialFractionalMaxPooling
                SpatialAdaptiveMaxPooling SpatialMaxUnpooling SpatialAveragePooling SpatialAdaptiveAveragePooling
                SpatialLPPooling SpatialSubSampling""",
            'Normalization and dropout': """SpatialBatchNormalization SpatialCrossMapLRN
                SpatialSubtractiveNormalization SpatialDivisiveNormalization SpatialContrastiveNormalization
                SpatialDropout""",
            'Padding and up-sampling': """SpatialZeroPadding SpatialReflectionPadding SpatialReplicationPadding
                SpatialUpSamplingNearest SpatialUpSamplingBilinear UpSampling""",
        },
    ),
    'volumetric': (
        'Volumetric layers',
        'Convolution layers over videos and volumes: input (N, planes, T, H, W), or without N.',
        {
            'Convolution': 'VolumetricConvolution VolumetricDilatedConvolution VolumetricFullConvolution',
            'Pooling': """VolumetricMaxPooling VolumetricDilatedMaxPooling VolumetricFractionalMaxPooling
                VolumetricMaxUnpooling VolumetricAveragePooling""",
            'Normalization, dropout and padding': """VolumetricBatchNormalization VolumetricDropout
                VolumetricReplicationPadding""",
        },
    ),
    'criterions': (
        'Criterions',
        'Losses: `forward` gives one number, `backward` its gradient with respect to the output.',
        {
            'Classification': """CrossEntropyCriterion ClassNLLCriterion SpatialClassNLLCriterion BCECriterion
                MultiMarginCriterion MultiLabelMarginCriterion MultiLabelSoftMarginCriterion MarginCriterion
                SoftMarginCriterion ClassSimplexCriterion""",
            'Regression': """MSECriterion AbsCriterion SmoothL1Criterion WeightedMSECriterion
                SpatialAutoCropMSECriterion DistKLDivCriterion""",
            'Embedding': """CosineEmbeddingCriterion HingeEmbeddingCriterion L1HingeEmbeddingCriterion
                MarginRankingCriterion DistanceRatioCriterion""",
            'Others': 'MultiCriterion ParallelCriterion ModuleCriterion L1Cost',
        },
    ),
    'training-nn': (
        'Training and testing',
        "Torch's first trainer, and the check of a layer's derivatives against finite differences.",
        {'Training': 'StochasticGradient', 'Testing': 'Jacobian SparseJacobian'},
    ),
}

# The page of each package: its title, and its names under their headings; those of `__all__` where there are none.
PACKAGES = {
    'nnlite': (
        'nnlite (torch.*)',
        {
            'Files': 'load loadAll save register LuaTable TorchObject Storage',
            'Random numbers': """manualSeed seed initialSeed getRNGState setRNGState rand randn randperm random uniform
                normal logNormal exponential cauchy geometric bernoulli multinomial Generator""",
            'Types, kernels, threads': """setdefaulttensortype getdefaulttensortype setkernels getkernels setprecise
                getprecise setnumthreads getnumthreads""",
            'Errors': 'Error ShapeError DtypeError DataError DeviceError FileFormatError',
        },
    ),
    'nnlite.optim': (
        'optim',
        {
            'Stochastic': 'sgd nag adam adamax adagrad adadelta rmsprop rprop asgd',
            'With line searches': 'lbfgs cg FistaLS lswolfe polyinterp',
            'Without gradients': 'cmaes de',
            'Watching': 'ConfusionMatrix Logger checkgrad',
        },
    ),
    'nnlite.optnet': ('optnet', {}),
    'nnlite.models': ('models', {}),
    'nnlite.data_prep': ('data_prep', {}),
    'nnlite.training': ('training', {}),
    'nnlite.trace': ('trace', {}),
    'nnlite.explain': ('explain', {}),
    'nnlite.image': (
        'image',
        {
            'Files': """load save getSize loadPNG savePNG loadJPG saveJPG loadPPM savePPM savePGM compressPNG
                compressJPG decompress decompressPNG decompressJPG""",
            'Geometry': 'crop scale flip hflip vflip translate rotate warp affinetransform polar logpolar',
            'Filters': 'convolve gaussian gaussian1D gaussianpyramid laplacian lcn dilate erode',
            'Colours': 'rgb2y rgb2yuv yuv2rgb rgb2hsl hsl2rgb rgb2hsv hsv2rgb rgb2lab lab2rgb rgb2nrgb',
            'Display and drawing': 'toDisplayTensor minmax y2jet jetColormap colormap drawRect drawText',
        },
    ),
    'nnlite.interop': ('interop', {}),
}

# Modules of nn whose functions Torch has, too.
MODULES = {'nnlite.nn.utils': 'nn.utils', 'nnlite.nn.tables': 'nn.tables', 'nnlite.nn.hessian': 'nn.hessian'}
